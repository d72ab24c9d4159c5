/**
 * The export: parameters, the kept events and the summary, to check a run or to plot it with
 * other tools.
 *
 * @typedef {import('./lab.js').Lab} Lab
 * @typedef {import('./state.js').LabState} LabState
 */

/** @param {Lab} lab @param {LabState} summary */
export function toJson({ settings, connection, timeline }, summary) {
  const { preset, seed, network } = settings;
  return JSON.stringify(
    {
      exported: new Date().toISOString(),
      userAgent: navigator.userAgent,
      parameters: { preset, seed, network },
      clock: connection.clock.estimate,
      startedAt: timeline.pageStats.startedAt,
      summary,
      events: timeline.events,
    },
    null,
    1,
  );
}

/** Times to a microsecond: sums of them have digits below the clock's resolution.
 * @param {string | number | null | undefined} value */
function cellOf(value) {
  return typeof value === 'number' ? String(Number(value.toFixed(3))) : (value ?? '');
}

/** The summary as a table, one row per pane (RFC 4180). @param {LabState} summary */
export function toCsv({ panes }) {
  const rows = panes.map(({ latency, bytes, transport: _, segments: __, ...columns }) => ({
    ...columns,
    n: latency.n,
    p50_ms: latency.p50,
    p95_ms: latency.p95,
    mean_ms: latency.mean,
    error_ms: latency.error,
    bytes_up: bytes.up,
    bytes_down: bytes.down,
  }));
  const names = Object.keys(rows[0] ?? {});
  const lines = rows.map((row) => Object.values(row).map(cellOf).join(','));
  return [names.join(','), ...lines, ''].join('\r\n');
}
