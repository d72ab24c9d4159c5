/**
 * Retry: a transport that fails or ends is started again, from the cursor. One mechanism for
 * errors, restarts of the server and closed sockets.
 *
 * @typedef {import('./client.js').Deliver} Deliver
 * @typedef {import('./client.js').Transport} Transport
 */
import { RequestError } from './client.js';
import { sleep } from './sleep.js';

const BASE_DELAY_MS = 250;
const MAX_DELAY_MS = 8000;

/**
 * Doubles with each failure, with jitter between half and all of it, so that a thousand
 * clients of a restarted server do not reconnect at the same instant.
 *
 * @param {number} failures so far, in a row
 * @returns {number} milliseconds
 */
export function backoff(failures) {
  const delay = Math.min(MAX_DELAY_MS, BASE_DELAY_MS * 2 ** failures);
  return delay * (0.5 + Math.random() / 2);
}

/**
 * @param {Transport} transport
 * @param {(failures: number, intervalMs: number) => number} delayMs
 * @param {(ms: number) => void} onPause
 * @returns {Transport}
 */
export function retry(transport, delayMs, onPause) {
  return async (client, cursor, deliver, signal, intervalMs) => {
    let failures = 0;
    /** @type {Deliver} */
    const deliverAndReset = (update) => {
      failures = 0;
      deliver(update);
    };
    while (!signal.aborted) {
      const error = await transport(client, cursor, deliverAndReset, signal, intervalMs).catch(
        (reason) => reason,
      );
      if (signal.aborted) return;
      const ms = Math.max(retryAfterMs(error), delayMs(failures, intervalMs));
      failures += 1;
      onPause(ms);
      await sleep(ms, signal).catch(() => {});
    }
  };
}

/** The server's `Retry-After`. Other errors than a request's are bugs, and thrown.
 * @param {unknown} error undefined if the transport just ended */
function retryAfterMs(error) {
  if (error === undefined) return 0;
  if (error instanceof RequestError) return error.retryAfterMs;
  throw error;
}
