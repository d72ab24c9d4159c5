/**
 * The legend: one line with the marks that are in view.
 *
 * @typedef {keyof typeof MARKS} MarkId
 */
import { h } from './dom.js';
import { s } from './svg.js';

/** Each mark as a drawing of 26 × 14, and its meaning. */
const MARKS = {
  request: ['M1 7H25', 'request'],
  response: ['M1 7H25', 'response'],
  data: ['M8 2h10v10h-10z', 'with messages'],
  empty: ['M18 7a5 5 0 1 1 -10 0a5 5 0 1 1 10 0z', 'without messages'],
  held: ['M1 7H25', 'held by the server'],
  queued: ['M1 3H25V11H1z', 'queued in the browser'],
  stale: ['M8 2h10v10h-10z', 'older than what was shown'],
  failed: ['M8 2 18 12M8 12 18 2', 'error'],
  timeout: ['M8 1H18L8 13H18Z', 'time-out'],
  closed: ['M1 7H25', 'opened or closed'],
  outage: ['M1 1H25V13H1z', 'network down'],
  hidden: ['M1 1H25V13H1z', 'tab hidden, not measured'],
};

export function mountLegend() {
  const items = Object.entries(MARKS).map(([id, [path, text = '']]) => ({
    id: /** @type {MarkId} */ (id),
    element: h(
      'span',
      { 'data-mark': id },
      s('svg', { 'viewBox': '0 0 26 14', 'aria-hidden': 'true' }, s('path', { d: path ?? '' })),
      text,
    ),
  }));
  return {
    element: h('p', { 'class': 'legend', 'data-testid': 'legend' }, ...items.map(({ element }) => element)),
    /** @param {MarkId[]} visible */
    draw(visible) {
      for (const { id, element } of items) element.hidden = !visible.includes(id);
    },
  };
}
