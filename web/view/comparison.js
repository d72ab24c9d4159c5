/**
 * The comparison: one row per pane, with the mean of the model, and below it paler rows of
 * finished segments.
 *
 * @typedef {import('../model/types.js').TransportKind} TransportKind
 * @typedef {{ kind: TransportKind,  name: string, cells: string[],
 *             isFinished: boolean }} Row
 */
import { h, setText } from './dom.js';

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
  const table = h('table', { 'aria-label': 'Comparison of the three panes' }, h('thead', {}, head), body);
  return {
    element: h('section', { 'class': 'comparison', 'tabindex': '0', 'aria-label': 'Comparison' }, table),
    /** @param {Row[]} rows */
    draw(rows) {
      while (body.rows.length > rows.length) body.lastElementChild?.remove();
      for (const [index, row] of rows.entries()) drawRow(body.rows[index] ?? body.insertRow(), row);
    },
  };
}

/** Several times a second, so the cells stay. @param {HTMLTableRowElement} element @param {Row} row */
function drawRow(element, { kind, name, cells, isFinished }) {
  if (element.cells.length === 0) element.append(h('th', { scope: 'row' }), ...cells.map(() => h('td')));
  for (const [index, text] of [name, ...cells].entries()) {
    const cell = element.cells[index];
    if (cell) setText(cell, text);
  }
  element.dataset.kind = kind;
  element.classList.toggle('finished', isFinished);
  if (isFinished) element.dataset.testid = 'segment-row';
  else delete element.dataset.testid;
}
