/**
 * The report of `trifold load --sweep`: what each technique cost at several rates.
 *
 * @typedef {import('./types.js').TransportKind} TransportKind
 *
 * @typedef {object} Point measured, per client
 * @property {number} rate     messages per second
 * @property {number} requests per second
 * @property {number} bytes    per second, both directions, with a browser's header fields
 * @property {number | null} cpuUs  the server's CPU time per second, in microseconds; null if it
 *   was not measured, or is too short to be
 * @property {boolean} isCpuShort it is too short to be measured
 * @property {number | null} memory of the server, in bytes
 *
 * @typedef {object} Sweep
 * @property {string} name of the file
 * @property {Record<TransportKind, Point[]>} points by rate
 * @property {number | null} interval of polling in milliseconds; null if it has no polling
 * @property {number} warnings how many the report has
 */
import { BYTES } from './measured.js';

/** Shown when the chosen file is not such a report. */
export const EXPECTED =
  'Expected is the report of “trifold load --sweep … --json=FILE”: JSON with a list “sweep” of ' +
  'measurements, each with rate, transport, requests and bytes.';

/** The shortest CPU time of a whole measurement that is used, in microseconds: 20 ticks of 10 ms,
 * so that a tick more or less is 5 %. Of four ticks it would be a quarter. */
const MIN_CPU_US = 200_000;

/** Two polling intervals that differ by less are the same: requests are counted, not timed. */
const SAME_INTERVAL = 0.1;

/**
 * @param {string} text @param {string} name of the file
 * @returns {Sweep}
 * @throws {Error} if it is not such a report; the message says what is expected
 */
export function parseSweep(text, name) {
  const report = parseJson(text);
  if (!isRecord(report) || !Array.isArray(report.sweep)) throw failure('It has no list “sweep”');
  if (report.sweep.length === 0) throw failure('Its list “sweep” is empty');
  /** @type {Sweep['points']} */
  const points = { poll: [], longpoll: [], ws: [] };
  const parameters = isRecord(report.parameters) ? report.parameters : {};
  const seconds = typeof parameters.duration_seconds === 'number' ? parameters.duration_seconds : 0;
  for (const [index, entry] of report.sweep.entries()) {
    const { transport, point } = parseEntry(entry, `sweep[${index}]`, seconds);
    points[transport].push(point);
  }
  for (const list of Object.values(points)) list.sort((a, b) => a.rate - b.rate);
  const warnings = Array.isArray(report.warnings) ? report.warnings.length : 0;
  return { name, points, interval: intervalOf(points.poll, parameters), warnings };
}

/** The polling interval: a parameter of the report, or else what the requests show.
 * @param {Point[]} polls @param {Record<string, unknown>} parameters */
function intervalOf(polls, parameters) {
  if (polls.length === 0) return null;
  const given = parameters.poll_interval_ms;
  if (typeof given === 'number' && given > 0) return given;
  const busiest = Math.max(...polls.map(({ requests }) => requests));
  return busiest > 0 ? 1000 / busiest : null;
}

/** @param {string} what */
const failure = (what) => new Error(`This file is not a sweep. ${what}. ${EXPECTED}`);

/** @param {string} text @returns {unknown} */
function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw failure('It is not JSON');
  }
}

/** @param {unknown} value @returns {value is Record<string, unknown>} */
const isRecord = (value) => typeof value === 'object' && value !== null;

/** @param {unknown} entry @param {string} place @param {number} seconds that it was measured
 *  @returns {{ transport: TransportKind, point: Point }} */
function parseEntry(entry, place, seconds) {
  if (!isRecord(entry)) throw failure(`${place} is not an object`);
  const { transport } = entry;
  if (transport !== 'poll' && transport !== 'longpoll' && transport !== 'ws') {
    throw failure(`${place}.transport is not poll, longpoll or ws`);
  }
  const number = (/** @type {string} */ field) => {
    const value = entry[field];
    if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
    throw failure(`${place}.${field} is not a number from 0`);
  };
  const optional = (/** @type {string} */ field) => (entry[field] == null ? null : number(field));
  const requests = number('requests_per_client_second');
  const bytes = number('upload_bytes_per_client_second') + number('download_bytes_per_client_second');
  const cpuUs = optional('cpu_us_per_client_second');
  const isCpuShort = cpuUs !== null && cpuUs * (optional('clients') ?? 0) * seconds < MIN_CPU_US;
  const point = {
    rate: number('rate'),
    requests,
    bytes: bytes + (transport === 'ws' ? 0 : requests * BYTES.browserHeaders),
    cpuUs: isCpuShort ? null : cpuUs,
    isCpuShort,
    memory: optional('memory_per_client'),
  };
  return { transport, point };
}

/**
 * Why a report does not apply; null if it does, or if there is none.
 * @param {Sweep | null} sweep @param {TransportKind} kind @param {number} rate
 * @param {number} period of polling in milliseconds
 * @returns {'missing' | 'rate' | 'interval' | null}
 */
export function sweepMismatch(sweep, kind, rate, period) {
  if (!sweep) return null;
  const points = sweep.points[kind];
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last) return 'missing';
  if (rate < first.rate || rate > last.rate) return 'rate';
  const interval = kind === 'poll' ? sweep.interval : null;
  if (interval !== null && Math.abs(interval / period - 1) > SAME_INTERVAL) return 'interval';
  return null;
}

/**
 * The costs at a rate, between two that were measured; null where the report does not apply.
 * @param {Sweep | null} sweep @param {TransportKind} kind @param {number} rate
 * @param {number} period of polling in milliseconds
 * @returns {Point | null}
 */
export function sweepAt(sweep, kind, rate, period) {
  if (!sweep || sweepMismatch(sweep, kind, rate, period)) return null;
  const points = sweep.points[kind];
  const above = points.find((point) => point.rate >= rate);
  const below = points.findLast((point) => point.rate <= rate);
  if (!above || !below) return null;
  return between(below, above, rate);
}

/** @param {Point} low @param {Point} high @param {number} rate @returns {Point} */
function between(low, high, rate) {
  const position = share(low.rate, high.rate, rate);
  /** @param {number} a @param {number} b */
  const value = (a, b) =>
    a > 0 && b > 0 ? a * (b / a) ** position : a + (b - a) * position;
  /** @param {number | null} a @param {number | null} b */
  const valueOrNull = (a, b) => (a === null || b === null ? null : value(a, b));
  return {
    rate,
    requests: value(low.requests, high.requests),
    bytes: value(low.bytes, high.bytes),
    cpuUs: valueOrNull(low.cpuUs, high.cpuUs),
    isCpuShort: low.isCpuShort || high.isCpuShort,
    memory: valueOrNull(low.memory, high.memory),
  };
}

/** Where a rate is between two others, on a logarithmic axis: straight lines in the chart.
 * @param {number} low @param {number} high @param {number} rate */
function share(low, high, rate) {
  if (low === high) return 0;
  if (low === 0) return rate / high; // no logarithm
  return Math.log(rate / low) / Math.log(high / low);
}
