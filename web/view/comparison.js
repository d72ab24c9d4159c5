/**
 * The comparison: one row per pane, with the mean of the model, and below it paler rows of
 * finished segments.
 *
 * @typedef {import('../model/types.js').TransportKind} TransportKind
 * @typedef {{ kind: TransportKind,  name: string, cells: string[],
 *             isFinished: boolean }} Row
 */
import { h } from './dom.js';

/** Name and meaning of each column. */
const COLUMNS = {
  'n': 'messages measured',
  'median': 'half of the messages took at most this long',
  'p95': '95 % of the messages took at most this long',
  'mean': 'average latency',
  'model': 'average latency that the model predicts',
  'requests/s': 'requests per second while it ran; a WebSocket has handshakes only',
  'empty': 'share of responses without messages',
  'overhead': 'bytes in both directions except the bodies, per delivered message',
};

export function mountComparison() {
  const body = h('tbody', { 'data-testid': 'comparison' });
  const headings = Object.entries(COLUMNS).map(([name, title]) => h('th', { scope: 'col', title }, name));
  const head = h('tr', {}, h('td'), ...headings);
  let drawn = '';
  const table = h('table', { 'aria-label': 'Comparison of the three panes' }, h('thead', {}, head), body);
  return {
    element: h('section', { 'class': 'comparison', 'tabindex': '0', 'aria-label': 'Comparison' }, table),
    /** @param {Row[]} rows */
    draw(rows) {
      const content = JSON.stringify(rows);
      if (content === drawn) return;
      drawn = content;
      body.replaceChildren(...rows.map(rowElement));
    },
  };
}

/** @param {Row} row */
function rowElement({ kind, name, cells, isFinished }) {
  const values = cells.map((cell) => h('td', {}, cell));
  const heading = h('th', { scope: 'row' }, name);
  const row = h('tr', { 'data-kind': kind }, heading, ...values);
  row.classList.toggle('finished', isFinished);
  if (isFinished) row.dataset.testid = 'segment-row';
  return row;
}
