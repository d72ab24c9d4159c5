/**
 * The outbox: publishes one message after the other, in order. A message without an outcome
 * is sent again; its `id` makes that safe.
 *
 * @typedef {import('../model/types.js').NewMessage} NewMessage
 * @typedef {import('./control.js').Control} Control
 * @typedef {{ id: string, version: number }} PublishAck
 */
import { backoff } from './retry.js';
import { sleep } from './sleep.js';

/** Capacity of the outbox; messages beyond it are rejected. */
export const MAX_QUEUED = 200;

/** Largest message for the control channel: the server's smallest limit, less some for `type`. */
const MAX_FRAME_BYTES = 60_000;

/** How long to wait for a response before the message is sent again. */
const TIMEOUT_MS = 10_000;

/** The server has rejected the message, and would again. */
class RejectedError extends Error {}

/**
 * @param {Control} control used while it is open; `POST /messages` otherwise
 * @param {(queued: number) => void} onQueued how many messages have no version yet
 */
export function createOutbox(control, onQueued) {
  /** @type {Promise<unknown>} */
  let last = Promise.resolve();
  let queued = 0;

  /** @param {NewMessage} message @returns {Promise<PublishAck>} */
  async function send(message) {
    for (let failures = 0; ; failures++) {
      try {
        return await (control.open ? sendOverChannel(control, message) : post(message));
      } catch (error) {
        if (error instanceof RejectedError) throw error;
      }
      await sleep(backoff(failures), new AbortController().signal);
    }
  }

  return {
    /**
     * @param {NewMessage} message
     * @returns {Promise<PublishAck>} rejects if the server rejects the message, with its reason
     */
    publish(message) {
      if (queued >= MAX_QUEUED) {
        return Promise.reject(new Error(`the outbox is full (${MAX_QUEUED} messages); try again later`));
      }
      onQueued(++queued);
      const sent = last.then(() => send(message)).finally(() => onQueued(--queued));
      last = sent.catch(() => {});
      return sent;
    },
  };
}

/** Whether the same request can succeed later. @param {number} status */
const isRetryable = (status) => status >= 500 || status === 429;

/** @param {Control} control @param {NewMessage} message */
async function sendOverChannel(control, message) {
  // The server closes a socket after a frame over its limit; it only rejects a request.
  const { length } = new TextEncoder().encode(JSON.stringify(message));
  if (length > MAX_FRAME_BYTES) return post(message);
  return control.request({ type: 'publish', ...message }).catch((error) => {
    throw !control.open || isRetryable(error.status) ? error : new RejectedError(error.message);
  });
}

/** @param {NewMessage} message */
async function post(message) {
  const response = await fetch('/messages', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(message),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (response.ok) return response.json();
  const problem = await response.json().catch(() => null);
  const title = problem?.title ?? `${response.status} ${response.statusText}`;
  throw isRetryable(response.status) ? new Error(title) : new RejectedError(title);
}
