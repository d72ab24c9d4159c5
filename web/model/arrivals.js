/** When the publisher speaks: the same seed gives the same schedule. */

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
 * @param {'steady' | 'poisson'} kind Poisson: gaps are exponential, so news comes in bursts
 * @param {number} perSecond
 * @param {() => number} uniform
 * @returns {Generator<number, never>}
 */
export function* gaps(kind, perSecond, uniform) {
  const mean = 1000 / perSecond;
  while (true) yield kind === 'steady' ? mean : -Math.log(1 - uniform()) * mean;
}
