/**
 * The parameters that a pane adds to its requests: for the simulated network, for the meter,
 * and for a long poll of a hidden tab.
 *
 * @typedef {import('../model/network.js').Network} Network
 * @typedef {import('../model/types.js').NetworkParams} NetworkParams
 * @typedef {import('../model/types.js').TransportId} TransportId
 */
import { random } from '../model/arrivals.js';
import { kindOf } from '../model/types.js';

/** The longest wait that the page requests, whatever the server allows: the transport's time-out
 * is longer. */
const MAX_WAIT_MS = 25_000;

/** In a hidden tab long polls are short: each takes one of the six connections that all tabs
 * share, and the visible tab may be waiting for it. */
const HIDDEN_WAIT_MS = 2000;

/**
 * @param {object} request
 * @param {string} request.client
 * @param {string} request.pane the meter
 * @param {TransportId} request.transport
 * @param {number} request.count of the pane's requests so far
 * @param {Network} network
 * @param {number} seed
 * @returns {NetworkParams}
 */
export function networkParamsFor({ client, pane, transport, count }, network, seed) {
  const { up = 0, down = 0, pollDelays, jitter = 0, socketJitter = 0, loss = 0 } = network;
  const kind = kindOf(transport);
  const isDelayedInTurn = pollDelays && kind === 'poll';
  const downMs = isDelayedInTurn ? pollDelays[count % pollDelays.length] : down;
  const jitterMs = jitter + (kind === 'ws' ? socketJitter : 0);
  return {
    ...(up ? { up_ms: up } : {}),
    ...(downMs ? { down_ms: downMs } : {}),
    ...(jitterMs ? { jitter_ms: jitterMs } : {}),
    ...(loss ? { loss } : {}),
    ...(jitterMs || loss ? { seed: seed + count } : {}), // requests differ
    ...faultParams(network, seed + count),
    client,
    pane,
  };
}

/** The same requests have the fault with the same seed. @param {Network} network @param {number} seed
 *  @returns {NetworkParams} */
function faultParams({ fault = '', faultShare = 0 }, seed) {
  return fault && random(seed)() * 100 < faultShare ? { fault } : {};
}

/** @param {TransportId} transport @param {boolean} isHidden @param {number} maxWaitMs
 *  @returns {NetworkParams} */
export function waitParamsFor(transport, isHidden, maxWaitMs) {
  if (transport !== 'longpoll') return {};
  if (isHidden) return { wait_ms: Math.min(HIDDEN_WAIT_MS, maxWaitMs) };
  return maxWaitMs > MAX_WAIT_MS ? { wait_ms: MAX_WAIT_MS } : {};
}
