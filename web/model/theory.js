/**
 * The model: what theory says about a technique, to be drawn beside what was measured. One
 * subscriber, messages that come at random (Poisson), a constant delay each way.
 *
 * @typedef {object} Assumptions
 * @property {number} rate   λ, messages a millisecond
 * @property {number} every  T, the polling interval in milliseconds
 * @property {number} delay  d, one way in milliseconds
 * @property {number} hold   H, how long a long poll is held in milliseconds
 *
 * @typedef {object} Prediction
 * @property {number} mean                      latency in milliseconds
 * @property {(ms: number) => number} arrived   share of messages that have arrived after `ms`
 * @property {number} requestsPerSecond
 * @property {number | null} emptyShare         of the answers; null where there are none
 */

/** A step: all of it at one moment. @param {number} at */
const step = (at) => (/** @type {number} */ ms) => (ms >= at ? 1 : 0);

/** Uniform from `low` on, `width` wide. @param {number} low @param {number} width */
const uniform = (low, width) => (/** @type {number} */ ms) =>
  width === 0 ? step(low)(ms) : Math.min(1, Math.max(0, (ms - low) / width));

/** @param {Assumptions} assumptions @param {number} period between two questions */
function polling({ rate, delay }, period) {
  return {
    mean: period / 2 + delay,
    arrived: uniform(delay, period),
    requestsPerSecond: 1000 / period,
    emptyShare: Math.exp(-rate * period),
  };
}

/** @param {Assumptions} assumptions @returns {Prediction} */
function longPolling({ rate, delay, hold }) {
  const gap = 2 * delay; // from an answer's leaving until the next question is there
  const quiet = Math.exp(-rate * gap) * (1 - Math.exp(-rate * hold));
  const perCycle = rate * gap + quiet;
  const inGap = perCycle > 0 ? (rate * gap) / perCycle : 0;
  const cycle = rate > 0 ? gap + quiet / rate : gap + hold;
  const late = uniform(delay, gap);
  return {
    mean: delay + (inGap * gap) / 2,
    arrived: (ms) => (1 - inGap) * step(delay)(ms) + inGap * late(ms),
    requestsPerSecond: 1000 / cycle,
    emptyShare: Math.exp(-rate * (gap + hold)),
  };
}

/**
 * @param {import('../transports/index.js').TechniqueId} technique
 * @param {Assumptions} assumptions
 * @returns {Prediction}
 */
export function predict(technique, assumptions) {
  const { every, delay } = assumptions;
  switch (technique) {
    case 'interval':
    case 'interval-guard':
      return polling(assumptions, every);
    case 'chained':
    case 'chained-backoff':
      return polling(assumptions, every + 2 * delay); // it waits for the answer first
    case 'longpoll':
      return longPolling(assumptions);
    case 'ws':
      return { mean: delay, arrived: step(delay), requestsPerSecond: 0, emptyShare: null };
  }
}
