/**
 * When messages are published: the same seed gives the same schedule.
 *
 * @typedef {'off' | 'steady' | 'poisson'} ArrivalProcess
 */

/**
 * A small seeded generator, uniform on [0, 1): a Weyl sequence through the finalizer of
 * MurmurHash3 (Appleby, 2011).
 *
 * @param {number} seed
 * @returns {() => number}
 */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
  };
}

/**
 * The gaps between messages, in milliseconds, without end.
 *
 * @param {Exclude<ArrivalProcess, 'off'>} process Poisson: gaps are exponential, in bursts
 * @param {number} perSecond
 * @param {() => number} uniform
 * @returns {Generator<number, never>}
 */
export function* gaps(process, perSecond, uniform) {
  const mean = 1000 / perSecond;
  while (true) yield process === 'steady' ? mean : -Math.log(1 - uniform()) * mean;
}

/**
 * When messages are due, in milliseconds from the start.
 *
 * @param {Exclude<ArrivalProcess, 'off'>} process
 * @param {number} perSecond
 * @param {number} seed
 * @returns {Generator<number, void>}
 */
export function* dueTimes(process, perSecond, seed) {
  const uniform = random(seed);
  // A random phase: otherwise a steady schedule and a polling timer start together.
  let due = process === 'steady' ? (-uniform() * 1000) / perSecond : 0;
  for (const gap of gaps(process, perSecond, uniform)) yield (due += gap);
}

/** A body has 60 bytes: text, filled up with spaces, which are not shown. */
const BODY_BYTES = 60;

/** @param {number} number @returns {string} */
export function bodyOf(number) {
  return `message ${number}`.padEnd(BODY_BYTES);
}
