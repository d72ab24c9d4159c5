/**
 * The counters of a pane.
 *
 * @typedef {import('../model/meters.js').ByteCounts} ByteCounts
 * @typedef {import('../model/stats.js').Stats} Stats
 * @typedef {Stats & ByteCounts} Counts
 *
 * @typedef {object} Counter
 * @property {string} id
 * @property {string} label
 * @property {string} meaning shown as a tooltip
 * @property {(counts: Counts) => number | null} value null: unknown
 * @property {boolean} [isBytes]
 * @property {boolean} [isAlarm] emphasized unless it is 0
 */
import { bytes as bytesText, count } from '../model/format.js';
import { h, setText } from './dom.js';

/** The first six are visible on all screens. @type {Counter[]} */
const COUNTERS = [
  {
    id: 'requests',
    label: 'requests',
    meaning: 'requests and opening handshakes sent',
    value: ({ requests }) => requests,
  },
  {
    id: 'empty',
    label: 'empty',
    meaning: 'responses without messages',
    value: ({ empty }) => empty,
  },
  {
    id: 'up',
    label: 'up',
    meaning: 'bytes sent, including headers and frames, counted by the server',
    value: ({ up }) => up,
    isBytes: true,
  },
  {
    id: 'down',
    label: 'down',
    meaning: 'bytes received, including headers and frames, counted by the server',
    value: ({ down }) => down,
    isBytes: true,
  },
  {
    id: 'stale',
    label: 'stale',
    meaning: 'responses that replaced a newer version on the display',
    value: ({ stale }) => stale,
    isAlarm: true,
  },
  {
    id: 'missed',
    label: 'missed',
    meaning: 'messages that the log no longer held',
    value: ({ missed }) => missed,
    isAlarm: true,
  },
  {
    id: 'answers',
    label: 'responses',
    meaning: 'responses to requests, and batches on a socket',
    value: ({ responses }) => responses,
  },
  {
    id: 'errors',
    label: 'errors',
    meaning: 'requests without a response, and sockets closed unexpectedly',
    value: ({ errors }) => errors,
    isAlarm: true,
  },
  {
    id: 'inFlight',
    label: 'in flight',
    meaning: 'requests without a response yet',
    value: ({ inFlight }) => inFlight,
  },
  {
    id: 'delivered',
    label: 'delivered',
    meaning: 'messages delivered, each counted once',
    value: ({ delivered }) => delivered,
  },
  {
    id: 'duplicate',
    label: 'duplicates',
    meaning: 'messages delivered again',
    value: ({ duplicate }) => duplicate,
    isAlarm: true,
  },
  {
    id: 'gaps',
    label: 'gaps',
    meaning: 'times that the log could not continue from the cursor',
    value: ({ gaps }) => gaps,
    isAlarm: true,
  },
];

/** @param {string} id */
export function mountCounters(id) {
  const cells = COUNTERS.map((counter) => {
    const amount = h('dd', { 'data-testid': `${id}-${counter.id}` });
    const cell = h('div', { title: counter.meaning }, h('dt', {}, counter.label), amount);
    return { counter, cell, amount };
  });
  return {
    element: h('dl', { class: 'counters' }, ...cells.map(({ cell }) => cell)),
    /** @param {Counts} counts */
    draw(counts) {
      for (const { counter, cell, amount } of cells) {
        const value = counter.value(counts);
        const format = counter.isBytes ? bytesText : count;
        setText(amount, value === null ? '–' : format(value));
        cell.classList.toggle('bad', Boolean(counter.isAlarm && value));
      }
    },
  };
}
