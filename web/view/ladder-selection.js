/**
 * One message followed through a ladder: from its publication at the server to its arrival.
 *
 * @typedef {import('../model/events.js').TimedPaneEvent} TimedPaneEvent
 * @typedef {import('./ladder-geometry.js').Geometry} Geometry
 * @typedef {{ version: number, publishedAt: number, arrivedAt: number, text: string }} Arrival
 */
import { s, widthOf } from './svg.js';

/** The newest version of the arrival that is nearest to a moment; null if none is near.
 * @param {TimedPaneEvent[]} events @param {number} at @param {number} within milliseconds */
export function nearestVersion(events, at, within) {
  let best = null;
  let distance = within;
  for (const event of events) {
    const version = 'receipt' in event ? event.receipt.newMessages.at(-1)?.message.version : undefined;
    if (version === undefined || Math.abs(event.at - at) >= distance) continue;
    distance = Math.abs(event.at - at);
    best = version;
  }
  return best;
}

/** @param {Arrival | null} arrival @param {Geometry} geometry @param {number} end of the window */
export function selectionLine(arrival, geometry, end) {
  if (!arrival) return [];
  const { top, bottom, fontSize, width } = geometry;
  const [from, to] = [geometry.x(arrival.publishedAt), geometry.x(arrival.arrivedAt)];
  const text = `#${arrival.version}: ${arrival.text}`;
  const half = widthOf(text, fontSize) / 2 + fontSize / 2;
  const right = geometry.x(end);
  const middle = Math.max(right - width + half, Math.min(right - half, (from + to) / 2));
  const y = (top + bottom) / 2;
  const box = { x: middle - half, y: y - fontSize, width: 2 * half, height: 1.6 * fontSize, rx: 4 };
  return [
    s('line', { x1: from, y1: bottom, x2: to, y2: top }),
    s('circle', { cx: from, cy: bottom, r: 5 }),
    s('circle', { cx: to, cy: top, r: 9 }),
    s('rect', box),
    s('text', { 'x': middle, 'y': y + 0.2 * fontSize, 'text-anchor': 'middle' }, text),
  ];
}
