/**
 * The export: parameters, every event that is kept, and the summary, for those who want to
 * check it or draw it their own way.
 *
 * @typedef {import('./lab.js').Lab} Lab
 * @typedef {import('./state.js').LabState} LabState
 */

/** @param {Lab} lab @param {LabState} summary */
export function toJson(lab, summary) {
  return JSON.stringify(
    {
      exported: new Date().toISOString(),
      userAgent: navigator.userAgent,
      parameters: { preset: lab.preset, seed: lab.seed, network: lab.network },
      clock: lab.clock,
      startedAt: lab.startedAt,
      summary,
      events: lab.timeline.events,
    },
    null,
    1,
  );
}

/** The summary as a table, a row a pane (RFC 4180). @param {LabState} summary */
export function toCsv({ panes }) {
  const rows = panes.map(({ latency, bytes, ...counted }) => ({
    ...counted,
    n: latency.n,
    p50_ms: latency.p50,
    p95_ms: latency.p95,
    mean_ms: latency.mean,
    error_ms: latency.error,
    bytes_up: bytes.up,
    bytes_down: bytes.down,
  }));
  const names = Object.keys(rows[0] ?? {});
  const lines = rows.map((row) => Object.values(row).map((own) => own ?? '').join(','));
  return [names.join(','), ...lines, ''].join('\r\n');
}
