/**
 * The counters of a pane.
 *
 * @typedef {import('../model/meters.js').ByteCounts} ByteCounts
 * @typedef {import('../model/segments.js').Segment} Segment
 * @typedef {import('../model/stats.js').Stats} Stats
 */
import { bytes as bytesText, count } from '../model/format.js';
import { h, setText } from './dom.js';

/** Label and meaning of each counter. The first six are visible on all screens. */
const COUNTERS = {
  requests: ['requests', 'requests and opening handshakes sent'],
  empty: ['empty', 'responses without messages'],
  up: ['up', 'bytes sent, including headers and frames, counted by the server'],
  down: ['down', 'bytes received, including headers and frames, counted by the server'],
  stale: ['stale', 'responses that replaced a newer version on the display'],
  missed: ['missed', 'messages that the log no longer held'],
  responses: ['responses', 'responses to requests, and batches on a socket'],
  errors: ['errors', 'requests without a response, and sockets closed unexpectedly'],
  inFlight: ['in flight', 'requests without a response yet'],
  delivered: ['delivered', 'messages delivered, each counted once'],
  duplicate: ['duplicates', 'messages delivered again'],
  gaps: ['gaps', 'times that the log could not continue from the cursor'],
};

/** Emphasized unless they are 0. */
const ALARMS = ['errors', 'stale', 'missed', 'duplicate', 'gaps'];

/** @param {string} id */
export function mountCounters(id) {
  const cells = Object.entries(COUNTERS).map(([name, [label = '', meaning = '']]) => {
    const key = /** @type {keyof typeof COUNTERS} */ (name);
    const testId = key === 'responses' ? 'answers' : key; // as in window.lab.state()
    const amount = h('dd', { 'data-testid': `${id}-${testId}` });
    return { key, amount, cell: h('div', { title: meaning }, h('dt', {}, label), amount) };
  });
  return {
    element: h('dl', { class: 'counters' }, ...cells.map(({ cell }) => cell)),
    /** @param {Stats & Segment & ByteCounts} counts null: unknown */
    draw(counts) {
      for (const { key, amount, cell } of cells) {
        const value = counts[key];
        const format = key === 'up' || key === 'down' ? bytesText : count;
        setText(amount, value === null ? '–' : format(value));
        cell.classList.toggle('zero', value === 0 || value === null);
        cell.classList.toggle('bad', ALARMS.includes(key) && Number(value) > 0);
      }
    },
  };
}
