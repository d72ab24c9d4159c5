/**
 * The simulated network of a pane, and profiles of typical networks.
 *
 * @typedef {object} Network all in milliseconds unless stated otherwise
 * @property {number} [up]     delay towards the server
 * @property {number} [down]   delay towards the browser
 * @property {number[]} [pollDelays] delays of the responses to polls, in turn, instead of `down`
 * @property {number} [jitter] at most, in addition, in each direction
 * @property {number} [socketJitter] of a WebSocket's frames only
 * @property {number} [loss]   lost segments in each direction, in percent
 * @property {Fault | ''} [fault]
 * @property {number} [faultShare] requests with the fault, in percent
 *
 * @typedef {'hang' | '503' | 'reset' | 'lost-reply'} Fault
 */

/** The limits of the fields, as the server has them. */
export const NETWORK_LIMITS = /** @type {const} */ ({
  up: { max: 5000, step: 1, unit: 'ms' },
  down: { max: 5000, step: 1, unit: 'ms' },
  jitter: { max: 5000, step: 1, unit: 'ms' },
  loss: { max: 50, step: 0.1, unit: '%' },
  faultShare: { max: 100, step: 1, unit: '%' },
});

/** @type {{ value: Fault | '', label: string }[]} */
export const FAULTS = [
  { value: '', label: 'no fault' },
  { value: '503', label: '503 responses' },
  { value: 'reset', label: 'cut before the request' },
  { value: 'lost-reply', label: 'cut before the response' },
  { value: 'hang', label: 'no response' },
];

/**
 * Typical values, to start from; no network is like its name. A round trip over a geostationary
 * satellite takes at least 558 ms (RFC 2488 §2).
 * @type {{ name: string, network: Network }[]}
 */
export const PROFILES = [
  { name: 'none', network: {} },
  { name: 'same room', network: { up: 1, down: 1, jitter: 1 } },
  { name: 'Wi-Fi', network: { up: 4, down: 4, jitter: 10, loss: 0.5 } },
  { name: '4G', network: { up: 30, down: 25, jitter: 20, loss: 0.5 } },
  { name: 'transatlantic', network: { up: 45, down: 45, jitter: 3, loss: 0.1 } },
  { name: 'satellite', network: { up: 280, down: 280, jitter: 20, loss: 0.5 } },
  { name: 'hotel', network: { up: 60, down: 60, jitter: 150, loss: 3 } },
];

/** The same delay in both directions. @param {number} ms @returns {Network} */
export const eachWay = (ms) => ({ up: ms, down: ms });

/** A network in words; empty if nothing is simulated. @param {Network} network */
export function networkText({ up = 0, down = 0, jitter = 0, loss = 0, fault = '', faultShare = 0 }) {
  const delay = up === down ? `${up} ms each way` : `${up} ms up, ${down} ms down`;
  return [
    up + down > 0 ? delay : '',
    jitter > 0 ? `up to ${jitter} ms jitter` : '',
    loss > 0 ? `${loss} % loss` : '',
    fault && faultShare > 0 ? `${faultShare} % ${FAULTS.find(({ value }) => value === fault)?.label}` : '',
  ]
    .filter(Boolean)
    .join(', ');
}
