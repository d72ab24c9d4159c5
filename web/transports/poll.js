/** Polling: send a request every interval. */
import { hasMore } from '../model/ledger.js';
import { sleep } from '../net/sleep.js';

/** @typedef {import('../net/client.js').Transport} Transport */

const TIMEOUT_MS = 5000;

/**
 * `setInterval` does not wait for the response: responses can overtake each other, and
 * requests pile up while the server is silent. Errors are ignored.
 *
 * @type {Transport}
 */
export async function interval({ request }, cursor, deliver, signal, intervalMs) {
  const timer = setInterval(() => {
    request('/poll', cursor(), signal)
      .then(deliver, () => {});
  }, intervalMs);
  signal.addEventListener('abort', () => clearInterval(timer));
}

/**
 * The same with a guard: the timer does nothing while a request is in flight.
 *
 * @type {Transport}
 */
export async function intervalWithGuard({ request }, cursor, deliver, signal, intervalMs) {
  let inFlight = false;
  const timer = setInterval(() => {
    if (inFlight) return;
    inFlight = true;
    request('/poll', cursor(), signal)
      .then(deliver, () => {})
      .finally(() => (inFlight = false));
  }, intervalMs);
  signal.addEventListener('abort', () => clearInterval(timer));
}

/**
 * A chained timer waits for the response, then for the interval. The stack does not
 * grow: every turn of the loop starts from an empty one.
 *
 * @type {Transport}
 */
export async function chained({ request }, cursor, deliver, signal, intervalMs) {
  while (true) {
    const update = await request('/poll', cursor(), signal);
    deliver(update);
    await sleep(hasMore(update) ? 0 : intervalMs, signal);
  }
}

/**
 * The same with a time-out. It is retried with back-off, see net/retry.js.
 *
 * @type {Transport}
 */
export async function chainedWithTimeout({ request }, cursor, deliver, signal, intervalMs) {
  while (true) {
    const update = await request('/poll', cursor(), signal, TIMEOUT_MS);
    deliver(update);
    await sleep(hasMore(update) ? 0 : intervalMs, signal);
  }
}
