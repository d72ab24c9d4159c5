/**
 * The counters of a pane, and what each of them counts.
 *
 * @typedef {import('../model/events.js').Figures} Figures
 */
import { bytes as bytesText, count } from '../model/format.js';
import { h, setText } from './dom.js';

/** What each counter counts, for those who point at it. The first six are always in sight. */
const COUNTERS = {
  requests: ['requests', 'requests and opening handshakes sent'],
  empty: ['empty', 'answers without a message'],
  up: ['up', 'bytes sent, headers and frames included, counted by the server'],
  down: ['down', 'bytes received, headers and frames included, counted by the server'],
  stale: ['stale', 'answers that put an older version on display than was there already'],
  missed: ['missed', 'messages that the log no longer had'],
  answers: ['answers', 'answers and batches received'],
  errors: ['errors', 'requests without an answer, and sockets that broke'],
  inFlight: ['in flight', 'requests sent and not answered yet'],
  delivered: ['delivered', 'messages that arrived, each counted once'],
  duplicate: ['duplicates', 'messages that arrived again'],
  gaps: ['gaps', 'times that the log could not continue from the cursor'],
};
const ALARMING = ['errors', 'stale', 'missed', 'duplicate', 'gaps'];

/** @param {string} id */
export function mountCounters(id) {
  const cells = Object.entries(COUNTERS).map(([key, [label, meaning]]) => {
    const value = h('dd', { 'data-testid': `${id}-${key}` });
    const cell = h('div', { title: meaning ?? '' }, h('dt', {}, label ?? ''), value);
    return { key: /** @type {keyof typeof COUNTERS} */ (key), cell, value };
  });
  return {
    element: h('dl', { class: 'counters' }, ...cells.map(({ cell }) => cell)),
    /** @param {Figures & { up: number | null, down: number | null }} figures */
    draw(figures) {
      for (const { key, cell, value } of cells) {
        const amount = figures[key];
        const isBytes = key === 'up' || key === 'down';
        setText(value, amount === null ? '–' : isBytes ? bytesText(amount) : count(amount));
        cell.classList.toggle('bad', ALARMING.includes(key) && Number(amount) > 0);
      }
    },
  };
}
