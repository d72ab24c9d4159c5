/**
 * The inputs of the page "Which one should I take?": their ranges, and how they are written in
 * its address.
 *
 * @typedef {'none' | 'pass' | 'interfere'} Proxies
 *   none; they pass everything at once; they may buffer, or cut connections that are idle
 *
 * @typedef {object} Inputs
 * @property {number} clients
 * @property {number} rate       messages per second, at random times
 * @property {number} acceptable delay that 95 % of the messages must not exceed, in milliseconds
 * @property {number} delay      of the network, one way, in milliseconds
 * @property {number | null} interval of polling in milliseconds; null: derived
 * @property {number} phones     share of the clients, in percent
 * @property {Proxies} proxies
 *
 * @typedef {'clients' | 'rate' | 'acceptable' | 'delay' | 'interval' | 'phones'} NumberName
 * @typedef {{ name: NumberName, label: string, unit: string, min: number, max: number,
 *             initial: number, stops: number[] }} Range
 */

import { count } from './format.js';

/** Ten stops per decade: those of a slider, so that each step changes the value. */
const STEPS = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8];

/** @type {Proxies[]} */
export const PROXIES = ['none', 'pass', 'interfere'];

/** The stops of a logarithmic slider. @param {number} min @param {number} max */
function logarithmic(min, max) {
  const stops = [];
  for (let decade = Math.floor(Math.log10(min)); 10 ** decade <= max; decade++) {
    for (const step of STEPS) stops.push(Number((step * 10 ** decade).toPrecision(2)));
  }
  return stops.filter((stop) => stop >= min && stop <= max);
}

/** @param {number[]} stops */
const whole = (stops) => stops.filter((stop) => Number.isInteger(stop));

/** @type {Record<NumberName, Range>} */
export const RANGES = {
  clients: range('clients', 'Clients', '', 300, whole(logarithmic(1, 1_000_000))),
  rate: range('rate', 'Messages a second', '/s', 0.5, logarithmic(0.001, 100)),
  acceptable: range('acceptable', 'Acceptable delay', 'ms', 2000, logarithmic(10, 3_000_000)),
  delay: range('delay', 'Network delay, one way', 'ms', 40, [0, ...whole(logarithmic(1, 1000))]),
  interval: range('interval', 'Polling interval', 'ms', 1000, logarithmic(10, 3_000_000)),
  phones: range('phones', 'Share of phones', '%', 30, Array.from({ length: 21 }, (_, index) => index * 5)),
};

/** @param {NumberName} name @param {string} label @param {string} unit @param {number} initial
 *  @param {number[]} stops @returns {Range} */
function range(name, label, unit, initial, stops) {
  return { name, label, unit, initial, stops, min: stops[0] ?? 0, max: stops.at(-1) ?? 0 };
}

/** @type {Inputs} */
export const INITIAL = {
  clients: RANGES.clients.initial,
  rate: RANGES.rate.initial,
  acceptable: RANGES.acceptable.initial,
  delay: RANGES.delay.initial,
  interval: null,
  phones: RANGES.phones.initial,
  proxies: 'none',
};

/**
 * A number that was typed, or is in the address: the nearest allowed value, and what was wrong.
 * @param {NumberName} name @param {string} text @returns {{ value: number, problem: string }}
 */
export function parseNumber(name, text) {
  const { label, unit, min, max, initial } = RANGES[name];
  const withUnit = (/** @type {number} */ value) => `${count(value)}${unit && ` ${unit}`}`;
  const number = text.trim() === '' ? NaN : Number(text);
  const problem = (/** @type {string} */ what, /** @type {number} */ value) => ({
    value,
    problem: `${label}: ${what}, so ${withUnit(value)} is used.`,
  });
  if (!Number.isFinite(number)) return problem('not a number', initial);
  if (number < min) return problem('below the minimum', min);
  if (number > max) return problem('above the maximum', max);
  if (name === 'clients' && !Number.isInteger(number)) return problem('not whole', Math.round(number));
  return { value: number, problem: '' };
}

/** The stop of the slider that is next to a value, or the value at the end.
 * @param {NumberName} name @param {number} value @param {'above' | 'below'} side */
export function nextStop(name, value, side) {
  const { stops } = RANGES[name];
  const next = side === 'above' ? stops.find((stop) => stop > value) : stops.findLast((stop) => stop < value);
  return next ?? value;
}

/**
 * The inputs in an address, and what was wrong with it. What is missing has its initial value.
 * @param {string} query @returns {{ inputs: Inputs, problems: string[] }}
 */
export function parseInputs(query) {
  const parameters = new URLSearchParams(query);
  const inputs = { ...INITIAL };
  /** @type {string[]} */
  const problems = [];
  for (const name of /** @type {NumberName[]} */ (Object.keys(RANGES))) {
    const text = parameters.get(name);
    if (text === null || (name === 'interval' && text === 'auto')) continue;
    const { value, problem } = parseNumber(name, text);
    inputs[name] = value;
    if (problem) problems.push(problem);
  }
  const proxies = parameters.get('proxies');
  const known = PROXIES.find((value) => value === proxies);
  if (known) inputs.proxies = known;
  else if (proxies !== null) problems.push(`Proxies: not ${PROXIES.join(', ')}, so none is used.`);
  return { inputs, problems };
}

/** The query that opens the page with these inputs. @param {Inputs} inputs */
export function toQuery({ interval, ...inputs }) {
  const parameters = new URLSearchParams({ decide: '1' });
  for (const [name, value] of Object.entries({ ...inputs, interval: interval ?? 'auto' })) {
    parameters.set(name, String(value));
  }
  return `?${parameters}`;
}
