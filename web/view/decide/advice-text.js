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
import { FACTOR } from '../../model/decide.js';
import { count, longDurationText, significant } from '../../model/format.js';

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
  const clauses = clausesOf(chosen, figures, rejected);
  const own = `it is the simplest of those that are fast enough, and ${costText(chosen, figures, rejected)}`;
  if (clauses.length === 0) return `${capitalized(own)}.`;
  const text = capitalized(clauses.join(', and '));
  const isLast = !figures.some(({ kind }) => rejected[kind] === 'complexity');
  return isLast ? `${text}.` : `${text}; of the rest ${own}.`;
}

/** What is wrong with the other techniques, by reason. @param {Figures} chosen
 *  @param {Figures[]} figures @param {Advice['rejected']} rejected @returns {string[]} */
function clausesOf(chosen, figures, rejected) {
  /** @param {import('../../model/decide.js').Reason} reason */
  const those = (reason) => figures.filter(({ kind }) => rejected[kind] === reason);
  /** @param {Figures[]} all @param {'bytesPerDay' | 'cores'} quantity @param {string} what */
  const needs = (all, quantity, what) => {
    const factors = all.map((other) => {
      const factor = significant(Number((other[quantity].value / chosen[quantity].value).toPrecision(2)));
      return `${NAMES[other.kind]} needs ${factor} times`;
    });
    return factors.length === 0 ? [] : [`${factors.join(' and ').replace(/ times and (.*) needs/, ' and $1')} ${what}`];
  };
  return [
    ...those('delay').map(({ kind, p95 }) => `${NAMES[kind]} is too late (95 % within ${longDurationText(p95.value)})`),
    ...those('proxies').map(() => 'proxies may refuse a WebSocket, or cut it'),
    ...needs(those('bytes'), 'bytesPerDay', 'the bytes'),
    ...needs(those('cpu'), 'cores', 'the CPU time'),
  ];
}

/** @param {Figures} chosen @param {Figures[]} figures @param {Advice['rejected']} rejected */
function costText(chosen, figures, rejected) {
  const left = figures.filter(({ kind }) => rejected[kind] !== 'delay' && rejected[kind] !== 'proxies');
  const fewestBytes = Math.min(...left.map(({ bytesPerDay }) => bytesPerDay.value));
  const leastCpu = Math.min(...left.map(({ cores }) => cores.value));
  if (left.length === 1) return 'nothing else is left';
  const isNearCheapest =
    chosen.bytesPerDay.value <= FACTOR * fewestBytes && chosen.cores.value <= FACTOR * leastCpu;
  return isNearCheapest ? `costs at most ${FACTOR} times as much as the cheapest` : 'its costs are small';
}

/** The condition of a change. @type {Record<Flip['name'], (side: Flip['side'], value: number) => string>} */
const CONDITIONS = {
  clients: (side, value) => `there were ${side === 'above' ? 'more' : 'fewer'} than ${count(Math.round(value))} clients`,
  rate: (side, value) => `there were ${side === 'above' ? 'more' : 'fewer'} than ${significant(value)} messages a second`,
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
const wouldDo = (kind, condition) =>
  kind ? `${capitalized(NAMES[kind])} would do if ${condition}.` : `No technique would do if ${condition}.`;

/** @param {Flip} flip */
export function flipText({ name, side, value, kind, isEdge }) {
  const edge = isEdge ? ', where measured and built-in figures meet' : '';
  return wouldDo(kind, `${CONDITIONS[name](side, value)}${edge}`);
}

/** @param {{ proxies: Proxies, kind: TransportKind | null }} flip */
export function proxyFlipText({ proxies, kind }) {
  return wouldDo(kind, PROXY_CONDITIONS[proxies]);
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
