/**
 * The recommendation. The rule, in this order:
 *
 * 1. Delay: a technique whose 95th percentile exceeds the acceptable delay is out.
 * 2. Proxies: if they may buffer or cut idle connections, a WebSocket is out, unless it is the
 *    only one left.
 * 3. Cost: of the rest the simplest is chosen (polling, long polling, WebSocket) whose bytes and
 *    whose CPU time are each small, or at most twice those of the cheapest.
 * 4. If there is none, the one with the fewest bytes.
 *
 * @typedef {import('./decide-costs.js').Figures} Figures
 * @typedef {import('./decide-inputs.js').Inputs} Inputs
 * @typedef {import('./decide-inputs.js').NumberName} NumberName
 * @typedef {import('./decide-inputs.js').Proxies} Proxies
 * @typedef {import('./sweep.js').Sweep} Sweep
 * @typedef {import('./types.js').TransportKind} TransportKind
 *
 * @typedef {'delay' | 'proxies' | 'bytes' | 'cpu' | 'complexity'} Reason
 *
 * @typedef {object} Advice
 * @property {TransportKind | null} kind null: none meets the acceptable delay
 * @property {Figures[]} figures of all techniques
 * @property {Partial<Record<TransportKind, Reason>>} rejected why each other technique is not chosen
 *
 * @typedef {object} Flip where the recommendation changes
 * @property {NumberName} name of the input
 * @property {'above' | 'below'} side
 * @property {number} value
 * @property {TransportKind | null} kind recommended beyond it
 * @property {Limit | null} limit of the rule that makes the difference, not a crossing of costs
 *
 * @typedef {object} Limit
 * @property {TransportKind} kind what is cheap enough on one side only
 * @property {'bytes' | 'cpu'} reason why it is not on the other side
 * @property {boolean} isBeyond it is cheap enough beyond the value
 * @property {boolean} isSmall  because its costs are small, though not within FACTOR times the cheapest
 */
import { KINDS, figuresOf } from './decide-costs.js';
import { PROXIES, RANGES } from './decide-inputs.js';

/** A technique may cost up to this many times what the cheapest costs. Chosen, not measured. */
export const FACTOR = 2;

/** CPU time that is small: 1 % of one core, of the server. Chosen. */
export const SMALL_CORES = 0.01;

/** Traffic that is small: a megabyte a day, of one client. Chosen. */
export const SMALL_BYTES_PER_DAY = 1e6;

/** What is recommended only within a thousandth of a value is not named. */
const NEGLIGIBLE = 0.001;

/** Equal but for rounding: a derived polling interval meets the acceptable delay exactly. */
const TOLERANCE = 1e-9;

/** @param {Inputs} inputs @param {Sweep | null} [sweep] @returns {Advice} */
export function decide(inputs, sweep = null) {
  const figures = KINDS.map((kind) => figuresOf(kind, inputs, sweep));
  /** @type {Advice['rejected']} */
  const rejected = {};
  const limit = inputs.acceptable * (1 + TOLERANCE);
  let left = figures.filter(({ kind, p95 }) => {
    if (p95.value > limit) rejected[kind] = 'delay';
    return p95.value <= limit;
  });
  if (inputs.proxies === 'interfere' && left.length > 1) {
    left = left.filter(({ kind }) => kind !== 'ws');
    if (!rejected.ws) rejected.ws = 'proxies';
  }
  const chosen = cheapEnough(left, inputs, rejected);
  for (const { kind } of left) {
    if (kind !== chosen?.kind) rejected[kind] ??= 'complexity';
  }
  return { kind: chosen?.kind ?? null, figures, rejected };
}

/** The lowest costs of all that meet the acceptable delay, and may be used.
 * @param {Figures[]} figures @param {Advice['rejected']} rejected */
export function cheapestOf(figures, rejected) {
  const left = figures.filter(({ kind }) => rejected[kind] !== 'delay' && rejected[kind] !== 'proxies');
  const fewestBytes = Math.min(...left.map(({ bytesPerDay }) => bytesPerDay.value));
  const leastCpu = Math.min(...left.map(({ cores }) => cores.value));
  return { left, fewestBytes, leastCpu };
}

/** The simplest that is cheap enough. @param {Figures[]} left @param {Inputs} inputs
 *  @param {Advice['rejected']} rejected */
function cheapEnough(left, { clients }, rejected) {
  const { fewestBytes, leastCpu } = cheapestOf(left, rejected);
  const bytesLimit = Math.max(FACTOR * fewestBytes, SMALL_BYTES_PER_DAY * clients);
  const cpuLimit = Math.max(FACTOR * leastCpu, SMALL_CORES);
  for (const figures of left) {
    if (figures.bytesPerDay.value > bytesLimit) rejected[figures.kind] = 'bytes';
    else if (figures.cores.value > cpuLimit) rejected[figures.kind] = 'cpu';
    else return figures;
  }
  const cheapest = left.find(({ bytesPerDay }) => bytesPerDay.value === fewestBytes);
  if (cheapest) delete rejected[cheapest.kind];
  return cheapest;
}

/**
 * Where the recommendation changes, if one input changes and the others do not: the nearest such
 * value on each side. A step from measured to built-in figures is not such a value.
 * @param {Inputs} inputs @param {Sweep | null} [sweep] @returns {Flip[]}
 */
export function flipsOf(inputs, sweep = null) {
  const names = /** @type {NumberName[]} */ (Object.keys(RANGES));
  return names
    .filter((name) => inputs[name] !== null)
    .flatMap((name) => [flip(name, 'below', inputs, sweep), flip(name, 'above', inputs, sweep)])
    .filter((found) => found !== null);
}

/** @param {NumberName} name @param {'above' | 'below'} side @param {Inputs} inputs
 *  @param {Sweep | null} sweep @returns {Flip | null} */
function flip(name, side, inputs, sweep) {
  const adviceAt = (/** @type {number} */ value) => decide({ ...inputs, [name]: value }, sweep);
  const from = Number(inputs[name]);
  const { kind: current } = adviceAt(from);
  const { stops } = RANGES[name];
  const beyond = side === 'above' ? stops.filter((stop) => stop > from) : stops.filter((stop) => stop < from).reverse();
  let same = from;
  for (const stop of beyond) {
    if (adviceAt(stop).kind !== current) {
      const [last, value] = bisect(same, stop, (value) => adviceAt(value).kind === current);
      const [before, exact] = [adviceAt(last), adviceAt(value)];
      const farther = adviceAt(value * (side === 'above' ? 1 + NEGLIGIBLE : 1 - NEGLIGIBLE));
      const after = farther.kind === current ? exact : farther;
      if (sourcesOf(before) !== sourcesOf(after)) return null;
      return { name, side, value, kind: after.kind, limit: limitOf(before, after) };
    }
    same = stop;
  }
  return null;
}

/** The limit of the rule that makes the difference between two recommendations; null if it is none
 * of the costs, or if the technique is the cheapest where it is recommended.
 * @param {Advice} before @param {Advice} after @returns {Limit | null} */
function limitOf(before, after) {
  for (const [advice, other] of [[after, before], [before, after]]) {
    const chosen = advice?.figures.find(({ kind }) => kind === advice.kind);
    const reason = chosen && other?.rejected[chosen.kind];
    if (!advice || !chosen || (reason !== 'bytes' && reason !== 'cpu')) continue;
    const { fewestBytes, leastCpu } = cheapestOf(advice.figures, advice.rejected);
    const [cost, least] = reason === 'bytes' ? [chosen.bytesPerDay, fewestBytes] : [chosen.cores, leastCpu];
    if (cost.value <= least * (1 + NEGLIGIBLE)) return null;
    const isSmall = cost.value > FACTOR * least * (1 + TOLERANCE);
    if (isSmall && reason === 'cpu' && cost.value > SMALL_CORES) return null; // by the last rule
    return { kind: chosen.kind, reason, isBeyond: advice === after, isSmall };
  }
  return null;
}

/** @param {Advice} advice */
function sourcesOf({ figures }) {
  return figures.map(({ bytesPerDay, cores }) => `${bytesPerDay.source} ${cores.source}`).join();
}

/**
 * Narrows down where a condition that holds at `yes` and not at `no` changes.
 * @param {number} yes @param {number} no @param {(value: number) => boolean} holds
 * @returns {[number, number]} the last value where it holds, and the first where it does not
 */
export function bisect(yes, no, holds) {
  const middle = (/** @type {number} */ a, /** @type {number} */ b) =>
    a > 0 && b > 0 ? Math.sqrt(a * b) : (a + b) / 2;
  for (let step = 0; step < 50; step++) {
    const value = middle(yes, no);
    if (holds(value)) yes = value;
    else no = value;
  }
  return [yes, no];
}

/** The recommendation with other proxies, where it differs.
 * @param {Inputs} inputs @param {Sweep | null} [sweep] */
export function proxyFlipsOf(inputs, sweep = null) {
  const { kind: current } = decide(inputs, sweep);
  /** @type {Set<TransportKind | null>} */
  const seen = new Set([current]);
  /** @type {{ proxies: Proxies, kind: TransportKind | null }[]} */
  const flips = [];
  for (const proxies of PROXIES) {
    const { kind } = decide({ ...inputs, proxies }, sweep);
    if (!seen.has(kind)) flips.push({ proxies, kind });
    seen.add(kind);
  }
  return flips;
}
