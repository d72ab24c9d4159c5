/**
 * The headlines of the three panes: one figure, in one unit, so that they can be compared.
 *
 * @typedef {import('../model/figures.js').FigureId} FigureId
 * @typedef {import('../model/figures.js').PaneFigures} PaneFigures
 * @typedef {import('./figures.js').Headline} Headline
 */
import { FIGURES } from '../model/figures.js';
import { count } from '../model/format.js';
import { kindOf } from '../model/types.js';

/** From here on, latencies are in seconds. */
const SECONDS_FROM_MS = 9999.5;

/** @param {FigureId} id @param {PaneFigures[]} panes @returns {Headline[]} */
export function headlinesOf(id, panes) {
  const values = panes.map((pane) => pane[id]);
  const largest = Math.max(0, ...values.map((value) => value ?? 0));
  const { label } = FIGURES[id];
  return panes.map((pane, index) => ({
    label,
    ...valueText(id, values[index] ?? null, largest),
    share: largest > 0 ? (values[index] ?? 0) / largest : 0,
    note: noteOf(id, pane),
  }));
}

/** @param {FigureId} id @param {number | null} value @param {number} largest of the three */
function valueText(id, value, largest) {
  const { unit } = FIGURES[id];
  if (value === null) return { value: '–', unit: '' };
  if (id === 'latency' && largest >= SECONDS_FROM_MS) return { value: (value / 1000).toFixed(1), unit: 's' };
  if (id === 'hiddenRequests') return { value: value.toFixed(1), unit };
  if (id === 'latency' && largest < 9.95) return { value: value.toFixed(1), unit };
  return { value: count(Math.round(value)), unit };
}

/** What belongs to the figure; empty: the latency. @param {FigureId} id @param {PaneFigures} pane */
function noteOf(id, { transport, handshakes }) {
  if (id !== 'requests' || kindOf(transport) !== 'ws') return '';
  return `${count(handshakes)} ${handshakes === 1 ? 'handshake' : 'handshakes'}`;
}
