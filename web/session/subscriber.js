/**
 * A subscriber: one client with a transport, a cursor and a ledger. It can change its
 * transport while it runs; the ledger stays, so no message is lost or delivered twice.
 *
 * @typedef {import('../model/events.js').Delivery} Delivery
 * @typedef {import('../model/events.js').PaneEvent} PaneEvent
 * @typedef {import('../model/ledger.js').Ledger} Ledger
 * @typedef {import('../model/types.js').Cursor} Cursor
 * @typedef {import('../model/types.js').Message} Message
 * @typedef {import('../model/types.js').NetworkParams} NetworkParams
 * @typedef {import('../model/types.js').TransportId} TransportId
 * @typedef {import('../model/types.js').Update} Update
 *
 * @typedef {object} SubscriberOptions
 * @property {TransportId} transport
 * @property {number} intervalMs
 * @property {(message: Message, arrivedAt: number) => Delivery} measure
 * @property {(event: PaneEvent) => void} emit
 * @property {() => NetworkParams} networkParams
 * @property {() => string} network in words: another one starts a segment
 */
import { applyUpdate, createLedger } from '../model/ledger.js';
import { abortedController } from '../net/abort.js';
import { createClient } from '../net/client.js';
import { retry } from '../net/retry.js';
import { transports } from '../transports/index.js';

/** @param {SubscriberOptions} initialOptions */
export function createSubscriber(initialOptions) {
  const options = { ...initialOptions };
  /** @type {Ledger | null} */
  let ledger = null;
  let controller = abortedController();

  /** @param {Ledger} current */
  function run(current) {
    controller.abort();
    controller = new AbortController();
    runTransport(options, current, () => ledger === current, controller.signal);
  }

  function stop() {
    if (!controller.signal.aborted) options.emit({ type: 'stopped' });
    controller.abort();
  }

  return {
    /** Continues, or starts from this cursor. @param {Cursor} cursor */
    start: (cursor) => run((ledger ??= createLedger(cursor))),
    stop,
    /** Stops, and drops the cursor. */
    reset() {
      stop();
      ledger = null;
    },
    /** @param {{ transport?: TransportId, intervalMs?: number }} change */
    change({ transport = options.transport, intervalMs = options.intervalMs }) {
      Object.assign(options, { transport, intervalMs });
      if (ledger && !controller.signal.aborted) run(ledger);
    },
    get transport() {
      return options.transport;
    },
    get intervalMs() {
      return options.intervalMs;
    },
  };
}

/**
 * Runs a transport until the signal is aborted. Every update moves the ledger's cursor before
 * the next request.
 *
 * @param {SubscriberOptions} options
 * @param {Ledger} ledger
 * @param {() => boolean} isCurrent false after a reset: later events belong to no measurement
 * @param {AbortSignal} signal
 */
function runTransport(options, ledger, isCurrent, signal) {
  const { transport, intervalMs, measure, emit, networkParams, network } = options;
  const report = (/** @type {PaneEvent} */ event) => {
    if (isCurrent()) emit(event);
  };
  const deliver = (/** @type {Update} */ update) => {
    if (isCurrent()) emit(received(update, ledger, measure));
  };
  emit({ type: 'transport', transport, intervalMs, network: network() });
  const client = createClient(report, networkParams);
  const run = resilient(transport, (ms) => report({ type: 'pause', ms }));
  run(client, () => ledger.cursor, deliver, signal, intervalMs);
}

/** @param {Update} update @param {Ledger} ledger @param {SubscriberOptions['measure']} measure
 *  @returns {PaneEvent} */
function received(update, ledger, measure) {
  const arrivedAt = performance.now();
  const type = update.exchange.path === '/ws' ? 'frame' : 'response';
  const receipt = applyUpdate(ledger, update, (message) => measure(message, arrivedAt));
  return { type, update, receipt };
}

/** A transport that survives errors. @param {TransportId} id @param {(ms: number) => void} onPause */
function resilient(id, onPause) {
  const { run, retryDelayMs } = transports[id];
  return retryDelayMs ? retry(run, retryDelayMs, onPause) : run;
}

/** @typedef {ReturnType<typeof createSubscriber>} Subscriber */
