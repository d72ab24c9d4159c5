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
  let due = 0;
  for (const gap of gaps(process, perSecond, random(seed))) yield (due += gap);
}

/** A body of 60 bytes: a number, and words to fill it up. */
const WORDS = 'the cat sat on the mat and looked at three clocks at once';
const BODY_BYTES = 60;

/** @param {number} number @returns {string} */
export function bodyOf(number) {
  return `${number} ${WORDS}`.padEnd(BODY_BYTES, '.').slice(0, BODY_BYTES);
}
