/** Random choices from a seed, so that a failing case can be repeated. */
import { random } from '../../../model/arrivals.js';

/** @param {number} seed */
export function createRandom(seed) {
  const next = random(seed);
  return {
    next,
    /** A whole number below `limit`. @param {number} limit */
    below: (limit) => Math.floor(next() * limit),
    /** @param {number} probability */
    chance: (probability) => next() < probability,
  };
}

/** @typedef {ReturnType<typeof createRandom>} Random */
