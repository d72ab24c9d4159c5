/**
 * The comparison: one row per pane, with the mean of the model, and the lesson below.
 *
 * @typedef {import('../model/types.js').TransportKind} TransportKind
 * @typedef {{ kind: TransportKind, name: string, cells: string[] }} Row
 */
import { h } from './dom.js';

const COLUMNS = ['median', 'p95', 'mean', 'model', 'requests/s', 'empty', 'overhead'];

/** @param {HTMLElement} status shown below the lesson */
export function mountComparison(status) {
  const body = h('tbody', { 'data-testid': 'comparison' });
  const lesson = h('p', { 'class': 'lesson', 'data-testid': 'lesson' });
  const head = h('tr', {}, h('td'), ...COLUMNS.map((name) => h('th', { scope: 'col' }, name)));
  const table = h('table', { 'aria-label': 'Comparison of the three panes' }, h('thead', {}, head), body);
  return {
    element: h(
      'section',
      { 'class': 'comparison', 'tabindex': '0', 'aria-label': 'Comparison' },
      table,
      lesson,
      status,
    ),
    lesson,
    /** @param {Row[]} rows */
    draw: (rows) => body.replaceChildren(...rows.map(rowElement)),
  };
}

/** @param {Row} row */
function rowElement({ kind, name, cells }) {
  const values = cells.map((cell) => h('td', {}, cell));
  return h('tr', { 'data-kind': kind }, h('th', { scope: 'row' }, name), ...values);
}
