/**
 * What each technique costs, and how late its messages are: the model of theory.js times what
 * was measured. All clients receive every message.
 *
 * @typedef {import('./decide-inputs.js').Inputs} Inputs
 * @typedef {import('./sweep.js').Sweep} Sweep
 * @typedef {import('./types.js').TransportKind} TransportKind
 *
 * @typedef {{ value: number, source: string | null }} Figure
 *   source: the name of the document or file with the measured part; null: only the model
 *
 * @typedef {object} Figures of one technique
 * @property {TransportKind} kind
 * @property {Figure} requests    per second, of all clients
 * @property {Figure} bytesPerDay of all clients, both directions
 * @property {Figure} connections open at the server
 * @property {Figure} memory      of the server, in bytes
 * @property {Figure} cores       of the server
 * @property {Figure} mean        delay in milliseconds
 * @property {Figure} p95
 * @property {Figure} hiddenP95   if all phones have the page in the background
 */
import * as measured from './measured.js';
import { sweepAt } from './sweep.js';
import { HOLD_MS, predict } from './theory.js';

const { BYTES, CPU_US, MEMORY } = measured;

/** From the simplest technique to the one with the most parts. @type {TransportKind[]} */
export const KINDS = ['poll', 'longpoll', 'ws'];

/** The share of messages that must arrive within the acceptable delay. */
const SHARE = 0.95;

/** No poller is faster. */
const MIN_INTERVAL_MS = 10;

const SECONDS_PER_DAY = 86_400;

/**
 * The time from one poll to the next. It is the interval that was chosen, or the longest one with
 * a 95th percentile within the acceptable delay; but a poll waits for the previous response.
 * @param {Inputs} inputs @returns {number} in milliseconds
 */
export function pollingPeriod({ interval, acceptable, delay }) {
  const chosen = interval ?? (acceptable - delay) / SHARE;
  return Math.max(MIN_INTERVAL_MS, 2 * delay, chosen);
}

/** @param {TransportKind} kind @param {Inputs} inputs */
function predictionFor(kind, inputs) {
  const parameters = {
    rate: inputs.rate / 1000,
    intervalMs: pollingPeriod(inputs),
    delay: inputs.delay,
    hold: HOLD_MS,
  };
  return predict(kind === 'poll' ? 'interval' : kind, parameters);
}

/** Of a WebSocket, on average: the server's, and those of the pages on phones.
 * @param {number} phones share in percent */
function pingsPerSecond(phones) {
  return {
    serverPings: 1000 / measured.SERVER_PING_MS,
    pagePings: (phones / 100) * (1000 / measured.PAGE_PING_MS),
  };
}

/** Both directions. @param {TransportKind} kind @param {number} requests per second
 *  @param {Inputs} inputs */
function bytesPerSecond(kind, requests, { rate, phones }) {
  switch (kind) {
    case 'poll': {
      const exchange = BYTES.pollRequest + BYTES.browserHeaders + BYTES.pollEmptyResponse;
      return requests * exchange + rate * BYTES.message;
    }
    case 'longpoll': {
      const exchange = BYTES.longpollRequest + BYTES.browserHeaders + BYTES.longpollEmptyResponse;
      return requests * exchange + rate * BYTES.message;
    }
    case 'ws': {
      const { serverPings, pagePings } = pingsPerSecond(phones);
      return rate * BYTES.frame + serverPings * BYTES.pingPong + pagePings * measured.PAGE_PING_BYTES;
    }
  }
}

/** Per client. @param {TransportKind} kind @param {number} requests per second
 *  @param {Inputs} inputs */
function cpuUsPerSecond(kind, requests, { rate, phones }) {
  if (kind === 'ws') {
    const { serverPings, pagePings } = pingsPerSecond(phones);
    return rate * CPU_US.wsDelivery + (serverPings + pagePings) * CPU_US.ping;
  }
  return requests * (kind === 'poll' ? CPU_US.poll : CPU_US.longpollDelivery);
}

/** The share of the time that a client's connection is open. A poller's is kept until the
 * server's time-out. @param {TransportKind} kind @param {Inputs} inputs */
function connectedShare(kind, inputs) {
  if (kind !== 'poll') return 1;
  return Math.min(1, (measured.IDLE_TIMEOUT_MS + 2 * inputs.delay) / pollingPeriod(inputs));
}

/** The 95th percentile if all phones have the page in the background, where a poller's timer
 * fires once a minute: uniform on two lengths. @param {Inputs} inputs */
function hiddenPollingP95(inputs) {
  const period = pollingPeriod(inputs);
  const hidden = Math.max(period, measured.HIDDEN_TIMER_MS);
  const phones = inputs.phones / 100;
  const arrived = (/** @type {number} */ ms) =>
    (1 - phones) * Math.min(1, ms / period) + phones * Math.min(1, ms / hidden);
  if (arrived(period) < SHARE) return inputs.delay + hidden * (1 - (1 - SHARE) / phones);
  return inputs.delay + SHARE / ((1 - phones) / period + phones / hidden);
}

/** CPU times are compared with each other, so they have to be of one machine: of the file only if
 * it has those of all techniques. @param {Inputs} inputs @param {Sweep | null} sweep */
function hasCpuOfAll(inputs, sweep) {
  const period = pollingPeriod(inputs);
  return KINDS.every((kind) => typeof sweepAt(sweep, kind, inputs.rate, period)?.cpuUs === 'number');
}

/**
 * Bytes per second, CPU time in µs per second, and memory, of one client.
 * @param {TransportKind} kind @param {Inputs} inputs @param {Sweep | null} sweep
 */
export function costPerClient(kind, inputs, sweep) {
  const requests = predictionFor(kind, inputs).requestsPerSecond;
  const found = sweepAt(sweep, kind, inputs.rate, pollingPeriod(inputs));
  /** @param {number | null | undefined} fromFile @param {number} builtIn @returns {Figure} */
  const pick = (fromFile, builtIn) =>
    typeof fromFile === 'number'
      ? { value: fromFile, source: sweep?.name ?? null }
      : { value: builtIn, source: measured.SOURCE };
  const bytesEach = { poll: MEMORY.idleKeepAlive, longpoll: MEMORY.longpoll, ws: MEMORY.ws };
  return {
    requests,
    bytes: pick(found?.bytes, bytesPerSecond(kind, requests, inputs)),
    cpuUs: pick(hasCpuOfAll(inputs, sweep) ? found?.cpuUs : null, cpuUsPerSecond(kind, requests, inputs)),
    memory: pick(found?.memory, bytesEach[kind] * connectedShare(kind, inputs)),
  };
}

/**
 * @param {TransportKind} kind
 * @param {Inputs} inputs
 * @param {Sweep | null} sweep a report of the load generator, in place of the built-in figures
 * @returns {Figures}
 */
export function figuresOf(kind, inputs, sweep) {
  const { clients } = inputs;
  const { mean, p95 } = predictionFor(kind, inputs);
  const { requests, bytes, cpuUs, memory } = costPerClient(kind, inputs, sweep);
  /** @param {Figure} figure @param {number} factor */
  const times = ({ value, source }, factor) => ({ value: value * factor, source });
  const model = (/** @type {number} */ value) => ({ value, source: null });
  return {
    kind,
    requests: model(requests * clients),
    bytesPerDay: times(bytes, clients * SECONDS_PER_DAY),
    connections: model(clients * connectedShare(kind, inputs)),
    memory: times(memory, clients),
    cores: times(cpuUs, clients / 1e6),
    mean: model(mean),
    p95: model(p95),
    hiddenP95: model(kind === 'poll' ? hiddenPollingP95(inputs) : p95),
  };
}
