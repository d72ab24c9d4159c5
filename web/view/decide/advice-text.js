/**
 * The recommendation in words.
 *
 * @typedef {import('../../model/decide.js').Advice} Advice
 * @typedef {import('../../model/decide.js').Flip} Flip
 * @typedef {import('../../model/decide-costs.js').Figures} Figures
 * @typedef {import('../../model/decide-inputs.js').Inputs} Inputs
 * @typedef {import('../../model/decide-inputs.js').Proxies} Proxies
 * @typedef {import('../../model/types.js').TransportKind} TransportKind
 */
import { FACTOR, cheapestOf } from '../../model/decide.js';
import { approximate, count, longDurationText, messagesPerSecond, significant } from '../../model/format.js';

/** In a sentence. @type {Record<TransportKind, string>} */
const NAMES = { poll: 'polling', longpoll: 'long polling', ws: 'a WebSocket' };

/** @param {string} text */
const capitalized = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** Why it is recommended, in one sentence. @param {Inputs} inputs @param {Advice} advice */
export function reasonText(inputs, { kind, figures, rejected }) {
  const chosen = figures.find((technique) => technique.kind === kind);
  if (!chosen) {
    const fastest = Math.min(...figures.map(({ p95 }) => p95.value));
    const [delay, limit] = [fastest, inputs.acceptable].map(longDurationText);
    return `95 % of the messages need up to ${delay} even with the fastest technique, and ${limit} are acceptable.`;
  }
  const clauses = clausesOf(figures, rejected);
  const own = `it is the simplest of those that are fast enough, and ${costText(chosen, figures, rejected)}`;
  if (clauses.length === 0) return `${capitalized(own)}.`;
  const text = capitalized(clauses.join(', and '));
  const isLast = !figures.some(({ kind }) => rejected[kind] === 'complexity');
  return isLast ? `${text}.` : `${text}; of the rest ${own}.`;
}

/** What is wrong with the other techniques, by reason.
 *  @param {Figures[]} figures @param {Advice['rejected']} rejected @returns {string[]} */
function clausesOf(figures, rejected) {
  const { fewestBytes, leastCpu } = cheapestOf(figures, rejected);
  /** @param {import('../../model/decide.js').Reason} reason */
  const those = (reason) => figures.filter(({ kind }) => rejected[kind] === reason);
  /** @param {{ kind: TransportKind, factor: number }[]} all @param {string} what */
  const needs = (all, what) => {
    const names = all.map(({ kind, factor }) => `${NAMES[kind]} needs ${factorText(factor)} times`);
    return names.length === 0 ? [] : [`${names.join(' and ').replace(/ times and (.*) needs/, ' and $1')} ${what} of the cheapest`];
  };
  const byBytes = those('bytes').map(({ kind, bytesPerDay }) => ({ kind, factor: bytesPerDay.value / fewestBytes }));
  const byCpu = those('cpu').map(({ kind, cores }) => ({ kind, factor: cores.value / leastCpu }));
  return [
    ...those('delay').map(({ kind, p95 }) => `${NAMES[kind]} is too late (95 % within ${longDurationText(p95.value)})`),
    ...those('proxies').map(() => 'proxies may refuse a WebSocket, or cut it'),
    ...needs(byBytes, 'the bytes'),
    ...needs(byCpu, 'the CPU time'),
  ];
}

/** What is rejected is above the limit, after rounding, too. @param {number} factor */
function factorText(factor) {
  return Number(factor.toPrecision(2)) <= FACTOR ? `more than ${FACTOR}` : approximate(factor);
}

/** @param {Figures} chosen @param {Figures[]} figures @param {Advice['rejected']} rejected */
function costText(chosen, figures, rejected) {
  const { left, fewestBytes, leastCpu } = cheapestOf(figures, rejected);
  if (left.length === 1) return 'nothing else is left';
  const isNearCheapest =
    chosen.bytesPerDay.value <= FACTOR * fewestBytes && chosen.cores.value <= FACTOR * leastCpu;
  return isNearCheapest ? `costs at most ${FACTOR} times as much as the cheapest` : 'its costs are small';
}

/** The condition of a change. @type {Record<Flip['name'], (side: Flip['side'], value: number) => string>} */
const CONDITIONS = {
  clients: (side, value) => {
    const clients = Math.round(value);
    return `there were ${side === 'above' ? 'more' : 'fewer'} than ${count(clients)} client${clients === 1 ? '' : 's'}`;
  },
  rate: (side, value) => `there were ${side === 'above' ? 'more' : 'fewer'} than ${messagesPerSecond(significant(value))}`,
  acceptable: (side, value) => `the acceptable delay were ${side} ${longDurationText(value)}`,
  delay: (side, value) => `the network delay were ${side} ${longDurationText(value)}`,
  interval: (side, value) => `the polling interval were ${side} ${longDurationText(value)}`,
  phones: (side, value) => `${side === 'above' ? 'more' : 'fewer'} than ${significant(value)} % of the clients were phones`,
};

/** @type {Record<Proxies, string>} */
const PROXY_CONDITIONS = {
  none: 'there were no proxies',
  pass: 'the proxies passed everything on at once',
  interfere: 'proxies might buffer, or cut idle connections',
};

/** @param {TransportKind | null} kind @param {string} condition */
const wouldBe = (kind, condition) =>
  kind
    ? `${capitalized(NAMES[kind])} would be recommended if ${condition}.`
    : `No technique would meet the acceptable delay if ${condition}.`;

/** @param {Flip} flip @param {Inputs} inputs */
export function flipText({ name, side, value, kind, limit }, inputs) {
  const rounded = roundedBeyond(value, side, Number(inputs[name]));
  return wouldBe(kind, `${CONDITIONS[name](side, rounded)}${limit ? limitText(limit) : ''}`);
}

/** Two significant digits, or as many as it takes to stay on its side of the input.
 * @param {number} value @param {Flip['side']} side @param {number} from */
function roundedBeyond(value, side, from) {
  for (let digits = 2; digits < 15; digits++) {
    const rounded = Number(value.toPrecision(digits));
    if (side === 'above' ? rounded >= from : rounded <= from) return rounded;
  }
  return value;
}

/** Why the value is not where two techniques cost the same.
 * @param {import('../../model/decide.js').Limit} limit */
function limitText({ kind, reason, isBeyond, isSmall }) {
  const what = reason === 'bytes' ? 'bytes' : 'CPU time';
  if (!isBeyond) return ` (${NAMES[kind]} then needs more than ${FACTOR} times the ${what} of the cheapest)`;
  return isSmall ? ' (its costs are then small)' : ` (within ${FACTOR} times the cheapest)`;
}

/** @param {{ proxies: Proxies, kind: TransportKind | null }} flip */
export function proxyFlipText({ proxies, kind }) {
  return wouldBe(kind, PROXY_CONDITIONS[proxies]);
}

/** What the recommendation requires, or leaves out. @param {Inputs} inputs @param {Advice} advice
 *  @returns {string[]} */
export function noteTexts({ phones, proxies }, { kind, figures }) {
  const notes = [];
  if (kind === 'ws' && proxies === 'interfere') {
    notes.push('Proxies may refuse the upgrade to a WebSocket: have a fallback, and ping more often than they time out.');
  }
  if (kind !== null && kind !== 'poll' && proxies === 'pass') {
    notes.push('A connection that is held takes two of a proxy’s: one on each side.');
  }
  if (phones > 0 && kind === 'poll') {
    const hidden = figures.find((technique) => technique.kind === 'poll')?.hiddenP95.value ?? 0;
    notes.push(`On a phone in the background timers fire once a minute: 95 % within ${longDurationText(hidden)} if all phones are.`);
  }
  if (phones > 0 && kind === 'ws') {
    notes.push('A phone can keep a WebSocket that is dead: the page has to ping, and reconnect. The pings are included.');
  }
  if (phones > 0) {
    notes.push('A page that is frozen receives nothing, by any technique: it needs a cursor to catch up.');
  }
  return notes;
}
