/**
 * Spans of time that are out of the ordinary.
 *
 * @typedef {import('./events.js').LabEvent} LabEvent
 *
 * @typedef {{ kind: 'hidden' | 'outage', from: number, to: number }} Span
 *   The tab was hidden, or the link was down; `performance.now()`.
 */

/** @param {LabEvent[]} events up to now @param {number} now @returns {Span[]} */
export function spansOf(events, now) {
  /** @type {Span[]} */
  const spans = [];
  /** @type {Record<Span['kind'], number | null>} */
  const open = { hidden: null, outage: null };
  /** @param {Span['kind']} kind @param {boolean} begins @param {number} at */
  const mark = (kind, begins, at) => {
    const from = open[kind];
    if (begins) open[kind] = at;
    else if (from !== null) {
      spans.push({ kind, from, to: at });
      open[kind] = null;
    }
  };
  for (const event of events) {
    if (event.type === 'hidden' || event.type === 'visible') mark('hidden', event.type === 'hidden', event.at);
    if (event.type === 'link') mark('outage', event.down, event.at);
  }
  mark('hidden', false, now);
  mark('outage', false, now);
  return spans;
}
