/**
 * Intervals in which the tab was hidden or the link was down.
 *
 * @typedef {import('./events.js').TimedPageEvent} TimedPageEvent
 *
 * @typedef {{ kind: 'hidden' | 'outage', from: number, to: number }} Interval
 *   By `performance.now()`.
 */

/** @param {TimedPageEvent[]} events up to `now` @param {number} now @returns {Interval[]} */
export function intervalsOf(events, now) {
  /** @type {Interval[]} */
  const intervals = [];
  /** @type {Map<Interval['kind'], Interval>} */
  const open = new Map();
  for (const event of events) {
    const edge = edgeOf(event);
    if (!edge) continue;
    const current = open.get(edge.kind);
    if (edge.begins && !current) {
      const interval = { kind: edge.kind, from: event.at, to: now };
      intervals.push(interval);
      open.set(edge.kind, interval);
    } else if (!edge.begins && current) {
      current.to = event.at;
      open.delete(edge.kind);
    }
  }
  return intervals;
}

/** @param {TimedPageEvent} event
 *  @returns {{ kind: Interval['kind'], begins: boolean } | null} */
function edgeOf(event) {
  if (event.type === 'link') return { kind: 'outage', begins: event.down };
  if (event.type === 'hidden') return { kind: 'hidden', begins: true };
  if (event.type === 'visible') return { kind: 'hidden', begins: false };
  return null;
}
