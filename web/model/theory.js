/**
 * The theory: what to expect of a transport, drawn next to the measurement. One subscriber,
 * messages at random (Poisson), a constant delay in each direction.
 *
 * @typedef {import('./types.js').TransportId} TransportId
 *
 * @typedef {object} Parameters
 * @property {number} rate   λ, messages a millisecond
 * @property {number} intervalMs T, the polling interval
 * @property {number} delay  d, from the server to the browser in milliseconds
 * @property {number} [roundTrip] both ways; 2d unless given
 * @property {number} hold   H, how long the server holds a long poll, in milliseconds
 * @property {Outage} [outage]
 *
 * @typedef {object} Outage the network is down once
 * @property {number} ms    for how long
 * @property {number} share of all messages that are published meanwhile
 *
 * @typedef {object} Prediction
 * @property {number} mean                      latency in milliseconds
 * @property {number} p95                       95 % of the messages have arrived after this time
 * @property {(ms: number) => number} arrived   share of messages that have arrived after `ms`
 * @property {number} requestsPerSecond
 * @property {number | null} emptyShare         of the responses; null for a socket
 */

/** How long the server holds a long poll by default, in milliseconds. */
export const HOLD_MS = 25_000;

/** A step: all at one moment. @param {number} at */
const step = (at) => (/** @type {number} */ ms) => (ms >= at ? 1 : 0);

/** Uniform on `width` milliseconds from `low`. @param {number} low @param {number} width */
const uniform = (low, width) => (/** @type {number} */ ms) =>
  width === 0 ? step(low)(ms) : Math.min(1, Math.max(0, (ms - low) / width));

/** @param {Omit<Parameters, 'outage'>} parameters @param {number} period between two requests */
function polling({ rate, delay }, period) {
  return {
    mean: period / 2 + delay,
    p95: 0.95 * period + delay,
    arrived: uniform(delay, period),
    requestsPerSecond: 1000 / period,
    emptyShare: Math.exp(-rate * period),
  };
}

/** @param {Omit<Parameters, 'outage'>} parameters @returns {Prediction} */
function longPolling({ rate, delay, hold, roundTrip = 2 * delay }) {
  const gap = roundTrip; // from sending a response until the next request arrives
  const quiet = Math.exp(-rate * gap) * (1 - Math.exp(-rate * hold));
  const perCycle = rate * gap + quiet;
  const inGap = perCycle > 0 ? (rate * gap) / perCycle : 0;
  const cycle = rate > 0 ? gap + quiet / rate : gap + hold;
  const late = uniform(delay, gap);
  return {
    mean: delay + (inGap * gap) / 2,
    p95: inGap > 0.05 ? delay + gap * (1 - 0.05 / inGap) : delay,
    arrived: (ms) => (1 - inGap) * step(delay)(ms) + inGap * late(ms),
    requestsPerSecond: 1000 / cycle,
    emptyShare: Math.exp(-rate * (gap + hold)),
  };
}

/**
 * @param {TransportId} transport
 * @param {Parameters} parameters
 * @returns {Prediction}
 */
export function predict(transport, { outage, ...parameters }) {
  const prediction = predictWithoutOutage(transport, parameters);
  return outage ? withOutage(prediction, outage) : prediction;
}

/** What is published while the network is down arrives when it is back: after between nothing and
 * the length of the outage. @param {Prediction} prediction @param {Outage} outage @returns {Prediction} */
function withOutage({ mean, p95, arrived, ...rest }, { ms: length, share }) {
  const delayed = uniform(0, length);
  return {
    ...rest,
    p95: share > 0.05 ? length * (1 - 0.05 / share) : p95,
    mean: (1 - share) * mean + (share * length) / 2,
    arrived: (ms) => (1 - share) * arrived(ms) + share * delayed(ms),
  };
}

/** @param {TransportId} transport @param {Omit<Parameters, 'outage'>} parameters @returns {Prediction} */
function predictWithoutOutage(transport, parameters) {
  const { intervalMs, delay, roundTrip = 2 * delay } = parameters;
  switch (transport) {
    case 'interval':
    case 'interval-guard':
      return polling(parameters, intervalMs);
    case 'chained':
    case 'chained-backoff':
      return polling(parameters, intervalMs + roundTrip); // it waits for the response first
    case 'longpoll':
      return longPolling(parameters);
    case 'ws':
      return { mean: delay, p95: delay, arrived: step(delay), requestsPerSecond: 0, emptyShare: null };
  }
}
