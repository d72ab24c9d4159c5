/**
 * The presets: a lesson each, with every parameter that it needs. The same seed publishes the
 * same schedule and delays the same way.
 *
 * @typedef {import('../transports/index.js').TechniqueId} TechniqueId
 * @typedef {import('../session/publisher.js').Rhythm} Rhythm
 *
 * @typedef {object} Network what the simulated network does, all in milliseconds
 * @property {number} [delay]    one way, each way
 * @property {number[]} [answers] delays of the answers to polls, in turn
 * @property {number} [jitter]   of a WebSocket's frames, on top of the delay
 *
 * @typedef {object} Preset
 * @property {string} id
 * @property {string} key
 * @property {string} name
 * @property {string} question to ask before it runs
 * @property {string} lesson   to say after it ran
 * @property {TechniqueId[]} techniques of the three panes
 * @property {number} every    polling interval in milliseconds
 * @property {Rhythm} rhythm
 * @property {number} rate     messages a second
 * @property {number[]} [at]   messages at these moments instead; in milliseconds
 * @property {Network} network
 * @property {string} injected the network in words; empty where nothing is injected
 * @property {{ from: number, to: number }} [outage] the link is down meanwhile; milliseconds
 * @property {number} [hogs]   requests of this page that are held and bring nothing
 * @property {string} [typed]  typed into the shared text, letter by letter
 * @property {boolean} [mistakes] runs the mistakes of the lecture instead of messages
 */

/** How long a preset runs, in milliseconds. */
export const RUN_MS = 20_000;

/** @type {TechniqueId[]} */
const THREE = ['interval', 'longpoll', 'ws'];

/** @type {Omit<Preset, 'id' | 'key' | 'name' | 'question' | 'lesson'>} */
const CALM = {
  techniques: THREE,
  every: 1000,
  rhythm: 'off',
  rate: 1,
  network: {},
  injected: '',
};

/** @type {Preset[]} */
export const presets = [
  {
    ...CALM,
    id: 'idle',
    key: '1',
    name: 'Idle',
    question: 'Nobody says anything for 20 seconds. What does each technique send?',
    lesson: 'Polling asked 20 times for nothing. The long poll asked once, the WebSocket never.',
    network: { delay: 40 },
    injected: '40 ms each way',
  },
  {
    ...CALM,
    id: 'chat',
    key: '2',
    name: 'Chat',
    question: 'A message every two seconds, polling every two seconds: how late is it on average?',
    lesson: 'Polling is late by half its interval, and a third of its answers are empty.',
    every: 2000,
    rhythm: 'poisson',
    rate: 0.5,
    network: { delay: 40 },
    injected: '40 ms each way',
  },
  {
    ...CALM,
    id: 'order',
    key: '3',
    name: 'Order',
    question: 'Some answers are slow. Can an old one arrive after a new one?',
    lesson: 'setInterval does not wait, so answers overtake each other. V makes it wait.',
    every: 500,
    rhythm: 'steady',
    rate: 4,
    network: { answers: [1900, 250, 250, 250] },
    injected: 'every 4th poll 1900 ms late, the rest 250',
  },
  {
    ...CALM,
    id: 'outage',
    key: '4',
    name: 'Outage',
    question: 'The network is gone from second 5 to 13. Who goes on asking?',
    lesson: 'The naive loop goes on and on; six requests are on the wire, the rest wait.',
    techniques: ['interval', 'chained-backoff', 'ws'],
    every: 500,
    rhythm: 'steady',
    rate: 1,
    outage: { from: 5000, to: 13_000 },
    injected: 'no network from 5 s to 13 s',
  },
  {
    ...CALM,
    id: 'typing',
    key: '5',
    name: 'Typing',
    question: 'Ten messages a second: does long polling still save requests?',
    lesson: 'When busy, long polling asks more often than polling, and is still earlier.',
    rhythm: 'poisson',
    rate: 10,
    network: { delay: 100 },
    injected: '100 ms each way',
  },
  {
    ...CALM,
    id: 'board',
    key: '6',
    name: 'Board',
    question: 'Three changes in 20 seconds: what does each message cost?',
    lesson: 'Rare news is cheap to wait for, and expensive to ask for every second.',
    at: [3300, 9700, 16_500],
    network: { delay: 40 },
    injected: '40 ms each way',
  },
  {
    ...CALM,
    id: 'six',
    key: '7',
    name: 'Six',
    question: 'Six held requests, and then one more fetch: when is it answered?',
    lesson: 'A browser has six connections to a host. The seventh request waits; a WebSocket does not.',
    every: 500,
    rhythm: 'steady',
    rate: 2,
    hogs: 6,
    injected: 'six requests of this page that hang',
  },
  {
    ...CALM,
    id: 'hidden',
    key: '8',
    name: 'Hidden',
    question: 'Leave this tab for 12 seconds. Which pane slows down?',
    lesson: 'A hidden tab fires its timers once a second. What arrived meanwhile is not measured.',
    every: 250,
    rhythm: 'steady',
    rate: 4,
  },
  {
    ...CALM,
    id: 'talks',
    key: '9',
    name: 'Talks',
    question: 'One typist, three mirrors: which one stutters? And with two typists?',
    lesson: 'One text, three speeds. With two typists the last version wins.',
    every: 2000,
    typed: 'EVERYBODY TALKS, and everybody sees it: sooner here, later there. ',
  },
  {
    ...CALM,
    id: 'lab',
    key: '0',
    name: 'Lab',
    question: 'while (true) setTimeout(poll, 1000): what happens? And does the chain overflow the stack?',
    lesson: 'A chained setTimeout starts each turn on an empty stack.',
    mistakes: true,
  },
];

/** @param {string | null} id @returns {Preset | null} */
export function presetOf(id) {
  return presets.find((own) => own.id === id) ?? null;
}
