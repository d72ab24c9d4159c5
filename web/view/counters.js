/**
 * The counters of a pane.
 *
 * @typedef {import('../model/meters.js').ByteCounts} ByteCounts
 * @typedef {import('../model/segments.js').Segment} Segment
 * @typedef {import('../model/stats.js').Stats} Stats
 * @typedef {import('../model/types.js').TransportKind} TransportKind
 */
import { bytes as bytesText, count } from '../model/format.js';
import { h, setText } from './dom.js';

/** Label and meaning of each counter. The first six are visible on all screens. */
const COUNTERS = {
  requests: ['requests', 'requests sent; of a WebSocket, opening handshakes'],
  empty: ['empty', 'responses without messages'],
  up: ['up', 'bytes sent, including headers and frames, counted by the server'],
  down: ['down', 'bytes received, including headers and frames, counted by the server'],
  stale: ['stale', 'responses older than what was already shown'],
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
  const cells = Object.entries(COUNTERS).map(([counter, [label = '', meaning = '']]) => {
    const key = /** @type {keyof typeof COUNTERS} */ (counter);
    const testId = key === 'responses' ? 'answers' : key; // as in window.lab.state()
    const name = h('dt', {}, label);
    const amount = h('dd', { 'data-testid': `${id}-${testId}` });
    return { key, label, name, amount, cell: h('div', { title: meaning }, name, amount) };
  });
  return {
    element: h('dl', { class: 'counters' }, ...cells.map(({ cell }) => cell)),
    /** @param {Stats & Segment & ByteCounts} counts null: unknown @param {TransportKind} kind */
    draw(counts, kind) {
      for (const { key, label, name, amount, cell } of cells) {
        setText(name, key === 'requests' && kind === 'ws' ? 'handshakes' : label);
        const value = counts[key];
        const format = key === 'up' || key === 'down' ? bytesText : count;
        setText(amount, value === null ? '–' : format(value));
        cell.classList.toggle('zero', value === 0 || value === null);
        cell.classList.toggle('bad', ALARMS.includes(key) && Number(value) > 0);
      }
    },
  };
}
