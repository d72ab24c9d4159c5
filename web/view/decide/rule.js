/** How the recommendation is made, and what it leaves out. */
import { FACTOR, SMALL_BYTES_PER_DAY, SMALL_CORES } from '../../model/decide.js';
import { bytes } from '../../model/format.js';
import { BYTES, SOURCE } from '../../model/measured.js';
import { h } from '../dom.js';

const SMALL = `${bytes(SMALL_BYTES_PER_DAY)} a day for each client, and ${SMALL_CORES * 100} % of a core`;

const STEPS = [
  'Delay. A technique is out if 95 % of its messages take longer than the acceptable delay.',
  'Proxies. If they may buffer or cut idle connections, a WebSocket is out, unless nothing else is left: ' +
    'each proxy has to forward its upgrade (RFC 9110 §7.8). A long poll is a complete response, which may be buffered, ' +
    'and 25 s are shorter than the 30 s that RFC 6202 §5.5 considers safe.',
  `Cost. Of the rest the simplest is taken, in the order polling, long polling, WebSocket, whose bytes and CPU time ` +
    `are each at most ${FACTOR} times those of the cheapest of the rest, or small (${SMALL}). These limits are chosen, not measured.`,
  'If there is none, the one with the fewest bytes. The values at which the recommendation changes are found by the same rule.',
];

const MODEL = [
  'Polling, every T: mean T/2 + d, 95 % within 0.95·T + d, 1/T requests a second. A poll waits for the previous response, ' +
    'so T is at least 2d.',
  'Long polling: d, or up to 3d for a message that arrives between a response and the next request. λ requests a second ' +
    'if messages are rare, 1/(2d) if they never stop; as many as polling near λ = 1/T.',
  'WebSocket: d, and no requests.',
];

const LIMITS = [
  `Bytes are those of HTTP and WebSocket, with ${BYTES.browserHeaders} bytes of a browser’s header fields in each request. ` +
    'TCP, TLS and cookies are not included.',
  `CPU and memory are those of this server under load (${SOURCE} in the project’s documentation); at a few requests a second each one takes more. ` +
    'Memory of the kernel is not included. An idle connection of a poller is closed after 75 s.',
  'Phones: each WebSocket on a phone costs a ping every 15 s. In a hidden tab timers fire once a second, after five minutes ' +
    'once a minute. The delay with all phones in the background is shown, and decides nothing. What a request costs in battery ' +
    'is not known here.',
];

export function ruleSection() {
  const list = (/** @type {string[]} */ texts) => texts.map((text) => h('li', {}, text));
  return h(
    'section',
    { 'class': 'decide-rule', 'data-testid': 'decide-rule' },
    h('h2', {}, 'How this is decided'),
    h('ol', {}, ...list(STEPS)),
    h('h3', {}, 'The model: messages at random times, network delay d'),
    h('ul', {}, ...list(MODEL)),
    h('h3', {}, 'What it does not include'),
    h('ul', {}, ...list(LIMITS)),
  );
}
