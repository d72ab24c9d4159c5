/**
 * The comparison: the three panes as rows, with what the model expects of each.
 *
 * @typedef {import('../transports/index.js').Family} Family
 * @typedef {object} Row
 * @property {Family} family
 * @property {string} name
 * @property {string[]} cells
 */
import { h } from './dom.js';

export const COLUMNS = ['median', 'p95', 'mean', 'model', 'requests/s', 'empty', 'overhead'];

/** @param {HTMLElement} status stands below the lesson */
export function mountTable(status) {
  const body = h('tbody', { 'data-testid': 'comparison' });
  const lesson = h('p', { 'class': 'lesson', 'data-testid': 'lesson' });
  const element = h(
    'section',
    { 'class': 'comparison', 'tabindex': '0', 'aria-label': 'Comparison' },
    h(
      'table',
      { 'aria-label': 'Comparison of the three panes' },
      h('thead', {}, h('tr', {}, h('td'), ...COLUMNS.map((own) => h('th', { scope: 'col' }, own)))),
      body,
    ),
    lesson,
    status,
  );
  return {
    element,
    lesson,
    /** @param {Row[]} rows */
    draw(rows) {
      body.replaceChildren(
        ...rows.map(({ family, name, cells }) =>
          h(
            'tr',
            { 'data-family': family },
            h('th', { scope: 'row' }, name),
            ...cells.map((own) => h('td', {}, own)),
          ),
        ),
      );
    },
  };
}
