/**
 * The presets: a lesson each, with all its parameters. The same seed gives the same schedule of
 * messages and of delays.
 *
 * @typedef {import('./arrivals.js').ArrivalProcess} ArrivalProcess
 * @typedef {import('./figures.js').FigureId} FigureId
 * @typedef {import('./network.js').Network} Network
 * @typedef {import('./types.js').PaneId} PaneId
 * @typedef {import('./types.js').TransportId} TransportId
 *
 * @typedef {object} Preset
 * @property {string} id
 * @property {string} key
 * @property {string} name
 * @property {string} question for the class, before the run
 * @property {string} setup    what runs, in words: its parameters
 * @property {string[]} [choices] what the class votes on: each answers the question, and exactly one
 *   is right; without them the class votes on the three panes
 * @property {FigureId} figure what the lesson is about
 * @property {number} spanMs   time that a ladder shows during the run
 * @property {TransportId[]} transports of the three panes
 * @property {number} intervalMs polling interval
 * @property {ArrivalProcess} schedule
 * @property {number} rate     messages a second
 * @property {number[]} [dueTimes] publish at these times instead; in milliseconds
 * @property {Network} network
 * @property {string} injected the network in words; empty without simulation
 * @property {{ from: number, to: number }} [outage] when the link is down, in milliseconds
 * @property {number} [blockedConnections] requests of this page that never get a response
 * @property {string} [typed]  typed into the shared text, letter by letter
 * @property {boolean} [antipatterns] runs the antipatterns of the lecture instead
 *
 * @typedef {object} Settings of the next run
 * @property {Preset | null} preset null: free mode
 * @property {Network} network of all panes
 * @property {Partial<Record<PaneId, Network>>} paneNetworks of single panes, instead
 * @property {number} seed
 * @property {ArrivalProcess} schedule of the publisher in free mode
 */

import { eachWay } from './network.js';

/** How long a preset runs. */
export const RUN_MS = 20_000;

/** The publisher pauses at the end of a run, so that its last messages can arrive. */
export const QUIET_END_MS = 2500;

/** The polling interval without a preset. */
export const DEFAULT_INTERVAL_MS = 1000;

/** @type {TransportId[]} */
export const DEFAULT_TRANSPORTS = ['interval', 'longpoll', 'ws'];

/** The time that a ladder shows without a preset. */
export const DEFAULT_SPAN_MS = 10_000;

/** @type {Omit<Preset, 'id' | 'key' | 'name' | 'question' | 'setup'>} */
const DEFAULTS = {
  figure: 'latency',
  spanMs: DEFAULT_SPAN_MS,
  transports: DEFAULT_TRANSPORTS,
  intervalMs: DEFAULT_INTERVAL_MS,
  schedule: 'off',
  rate: 1,
  network: {},
  injected: '',
};

/** @type {Preset[]} */
export const presets = [
  {
    ...DEFAULTS,
    id: 'idle',
    key: '1',
    name: 'Idle',
    question: 'No messages for 20 seconds. Which one sends the most requests?',
    setup: 'Polling every second · no messages · 100 ms each way',
    figure: 'requests',
    spanMs: 4000,
    network: eachWay(100),
    injected: '100 ms each way',
  },
  {
    ...DEFAULTS,
    id: 'chat',
    key: '2',
    name: 'Chat',
    question: 'A message every two seconds, a poll every two seconds. How late does polling deliver it, on average?',
    choices: ['about 0.1 s', 'about 1 s', 'about 2 s'],
    setup: 'Polling every 2 s · a message every 2 s, at random times · 100 ms each way',
    spanMs: 4000,
    intervalMs: 2000,
    schedule: 'poisson',
    rate: 0.5,
    network: eachWay(100),
    injected: '100 ms each way',
  },
  {
    ...DEFAULTS,
    id: 'order',
    key: '3',
    name: 'Order',
    question: 'Some responses are slow. Can an old one arrive after a newer one?',
    choices: ['no', 'yes, but only with polling', 'yes, with all three'],
    setup: 'setInterval every 500 ms · a message every 270 ms · every 4th response takes 1.9 s, others 0.25 s',
    figure: 'stale',
    spanMs: 5000,
    intervalMs: 500,
    schedule: 'steady',
    rate: 1000 / 270,
    network: { pollDelays: [1900, 250, 250, 250] },
    injected: 'every 4th response takes 1.9 s',
  },
  {
    ...DEFAULTS,
    id: 'outage',
    key: '4',
    name: 'Outage',
    question: 'The network is down from second 5 to 13. Which loop keeps sending?',
    setup: 'Polling every 500 ms · a message every 1.13 s · the network is down from second 5 to 13',
    figure: 'offline',
    transports: ['interval', 'chained-backoff', 'ws'],
    intervalMs: 500,
    schedule: 'steady',
    rate: 1000 / 1130, // no multiple of the interval, so that waits differ
    outage: { from: 5000, to: 13_000 },
    injected: 'no network from 5 s to 13 s',
  },
  {
    ...DEFAULTS,
    id: 'typing',
    key: '5',
    name: 'Typing',
    question: 'Ten messages a second: does long polling still save requests?',
    choices: ['it sends far fewer', 'it sends as many', 'it sends more'],
    setup: 'Polling every second · 10 messages per second, at random times · 100 ms each way',
    figure: 'requests',
    spanMs: 2500,
    schedule: 'poisson',
    rate: 10,
    network: eachWay(100),
    injected: '100 ms each way',
  },
  {
    ...DEFAULTS,
    id: 'board',
    key: '6',
    name: 'Board',
    question: 'Three changes in 20 seconds. Which one needs the fewest bytes per message?',
    setup: 'Polling every second · three messages · 100 ms each way',
    figure: 'bytesPerMessage',
    spanMs: 4000,
    dueTimes: [3300, 9700, 16_500],
    network: eachWay(100),
    injected: '100 ms each way',
  },
  {
    ...DEFAULTS,
    id: 'six',
    key: '7',
    name: 'Six',
    question: 'Six requests are hanging. When does the seventh get its response?',
    choices: ['at once', 'after a second', 'when one of the six ends'],
    setup: 'Polling every 500 ms · 2 messages per second · six requests of this page that get no response',
    figure: 'waiting',
    intervalMs: 500,
    schedule: 'steady',
    rate: 1000 / 530,
    blockedConnections: 6,
    injected: 'six hanging requests',
  },
  {
    ...DEFAULTS,
    id: 'hidden',
    key: '8',
    name: 'Hidden',
    question: 'Leave this tab for 12 seconds. Which pane slows down?',
    setup: 'Polling every 250 ms · a message every 270 ms',
    figure: 'hiddenRequests',
    spanMs: 5000,
    intervalMs: 250,
    schedule: 'steady',
    rate: 1000 / 270,
  },
  {
    ...DEFAULTS,
    id: 'talks',
    key: '9',
    name: 'Talks',
    question: 'One typist, three copies: which one stutters?',
    setup: 'Polling every 2 s · a letter every 150 ms',
    figure: 'changes',
    spanMs: 4000,
    intervalMs: 2000,
    typed: 'EVERYBODY TALKS, and everybody sees it: sooner here, later there. ',
  },
  {
    ...DEFAULTS,
    id: 'lab',
    key: '0',
    name: 'Lab',
    question: 'while\u00a0(true) setTimeout(poll,\u00a01000): how often does poll run?',
    choices: ['once a second', 'thousands of times a second', 'never'],
    setup: 'One second each, in a worker',
    antipatterns: true,
  },
];

/** @param {string | null} id @returns {Preset | null} */
export function presetOf(id) {
  return presets.find((preset) => preset.id === id) ?? null;
}
