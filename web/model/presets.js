/**
 * The presets: a lesson each, with all its parameters. The same seed gives the same schedule of
 * messages and of delays.
 *
 * @typedef {import('./arrivals.js').ArrivalProcess} ArrivalProcess
 * @typedef {import('./types.js').TransportId} TransportId
 *
 * @typedef {object} Network parameters of the simulated network, in milliseconds
 * @property {number} [delay]    one way, each way
 * @property {number[]} [pollDelays] delays of the responses to polls, in turn
 * @property {number} [jitter]   of a WebSocket's frames, in addition to the delay
 *
 * @typedef {object} Preset
 * @property {string} id
 * @property {string} key
 * @property {string} name
 * @property {string} question for the class, before the run
 * @property {string} lesson   what the run has shown
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
 * @property {Network} network
 * @property {number} seed
 * @property {ArrivalProcess} schedule of the publisher in free mode
 */

/** How long a preset runs. */
export const RUN_MS = 20_000;

/** The polling interval without a preset. */
export const DEFAULT_INTERVAL_MS = 1000;

/** @type {TransportId[]} */
export const DEFAULT_TRANSPORTS = ['interval', 'longpoll', 'ws'];

/** @type {Omit<Preset, 'id' | 'key' | 'name' | 'question' | 'lesson'>} */
const DEFAULTS = {
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
    question: 'No messages for 20 seconds. What does each transport send?',
    lesson: 'Polling sent 20 requests for nothing. Long polling sent one, the WebSocket none.',
    network: { delay: 40 },
    injected: '40 ms each way',
  },
  {
    ...DEFAULTS,
    id: 'chat',
    key: '2',
    name: 'Chat',
    question: 'A message every two seconds, a poll every two seconds: what is the average latency?',
    lesson: 'Polling adds half its interval, and a third of its responses are empty.',
    intervalMs: 2000,
    schedule: 'poisson',
    rate: 0.5,
    network: { delay: 40 },
    injected: '40 ms each way',
  },
  {
    ...DEFAULTS,
    id: 'order',
    key: '3',
    name: 'Order',
    question: 'Some responses are slow. Can an old one arrive after a newer one?',
    lesson: 'setInterval does not wait, so responses overtake each other. V fixes it.',
    intervalMs: 500,
    schedule: 'steady',
    rate: 4,
    network: { pollDelays: [1900, 250, 250, 250] },
    injected: 'every 4th poll 1900 ms late, others 250',
  },
  {
    ...DEFAULTS,
    id: 'outage',
    key: '4',
    name: 'Outage',
    question: 'The network is down from second 5 to 13. Which loop keeps sending?',
    lesson: 'The naive loop keeps sending: six requests are on the wire, the others wait.',
    transports: ['interval', 'chained-backoff', 'ws'],
    intervalMs: 500,
    schedule: 'steady',
    rate: 1,
    outage: { from: 5000, to: 13_000 },
    injected: 'no network from 5 s to 13 s',
  },
  {
    ...DEFAULTS,
    id: 'typing',
    key: '5',
    name: 'Typing',
    question: 'Ten messages a second: does long polling still save requests?',
    lesson: 'When busy, long polling sends more requests than polling, and is still faster.',
    schedule: 'poisson',
    rate: 10,
    network: { delay: 100 },
    injected: '100 ms each way',
  },
  {
    ...DEFAULTS,
    id: 'board',
    key: '6',
    name: 'Board',
    question: 'Three changes in 20 seconds: what does each message cost?',
    lesson: 'Rare messages are cheap to wait for, and expensive to poll for every second.',
    dueTimes: [3300, 9700, 16_500],
    network: { delay: 40 },
    injected: '40 ms each way',
  },
  {
    ...DEFAULTS,
    id: 'six',
    key: '7',
    name: 'Six',
    question: 'Six pending requests, then one more fetch: when does its response arrive?',
    lesson: 'A browser opens six connections to a host. The seventh request waits; a WebSocket does not.',
    intervalMs: 500,
    schedule: 'steady',
    rate: 2,
    blockedConnections: 6,
    injected: 'six requests that never get a response',
  },
  {
    ...DEFAULTS,
    id: 'hidden',
    key: '8',
    name: 'Hidden',
    question: 'Leave this tab for 12 seconds. Which pane slows down?',
    lesson: 'A hidden tab fires its timers once a second. Messages in that time are not measured.',
    intervalMs: 250,
    schedule: 'steady',
    rate: 4,
  },
  {
    ...DEFAULTS,
    id: 'talks',
    key: '9',
    name: 'Talks',
    question: 'One typist, three copies: which one stutters? And with two typists?',
    lesson: 'One text, three latencies. With two typists the last version wins.',
    intervalMs: 2000,
    typed: 'EVERYBODY TALKS, and everybody sees it: sooner here, later there. ',
  },
  {
    ...DEFAULTS,
    id: 'lab',
    key: '0',
    name: 'Lab',
    question: 'while (true) setTimeout(poll, 1000): what happens? And does a chain overflow the stack?',
    lesson: 'A chained setTimeout starts each turn on an empty stack.',
    antipatterns: true,
  },
];

/** @param {string | null} id @returns {Preset | null} */
export function presetOf(id) {
  return presets.find((preset) => preset.id === id) ?? null;
}
