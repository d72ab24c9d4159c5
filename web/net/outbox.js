/**
 * Publishing: one message after the other, in the order in which they were said. A message
 * whose fate is unknown is sent again; its `id` makes that safe.
 *
 * @typedef {import('../model/types.js').Publication} Publication
 * @typedef {import('./control.js').Control} Control
 * @typedef {{ id: string, version: number }} Published
 */
import { backOff } from './retry.js';
import { sleep } from './sleep.js';

/** Most messages that wait to be sent; what comes on top is refused, and told so. */
export const OUTBOX_MAX = 200;

/** Most bytes that go over the control channel: the server's least limit, and room for `type`. */
const FRAME_MAX = 60_000;

/** How long to wait for an answer before the message is sent again; in milliseconds. */
const ANSWER_WITHIN = 10_000;

/** The server said no, and will say no again. */
class Refused extends Error {}

/**
 * @param {Control} control used while it is open; `POST /messages` otherwise
 * @param {(waiting: number) => void} onWaiting how many messages are not numbered yet
 */
export function createOutbox(control, onWaiting) {
  /** @type {Promise<unknown>} */
  let last = Promise.resolve();
  let waiting = 0;

  /** @param {Publication} publication @returns {Promise<Published>} */
  async function send(publication) {
    for (let failures = 0; ; failures++) {
      try {
        return await (control.open ? tell(control, publication) : post(publication));
      } catch (error) {
        if (error instanceof Refused) throw error;
      }
      await sleep(backOff(failures), new AbortController().signal);
    }
  }

  return {
    /**
     * @param {Publication} publication
     * @returns {Promise<Published>} rejects with what was wrong when the server refuses it
     */
    publish(publication) {
      if (waiting >= OUTBOX_MAX) {
        return Promise.reject(new Error(`${OUTBOX_MAX} messages wait to be sent already`));
      }
      onWaiting(++waiting);
      const sent = last.then(() => send(publication)).finally(() => onWaiting(--waiting));
      last = sent.catch(() => {});
      return sent;
    },
  };
}

/** Whether the server may say yes when it is asked again. @param {number} status */
const mayPass = (status) => status >= 500 || status === 429;

/** @param {Control} control @param {Publication} publication */
async function tell(control, publication) {
  // A frame that is too big is the end of a socket; a request that is too big is refused.
  const { length } = new TextEncoder().encode(JSON.stringify(publication));
  if (length > FRAME_MAX) return post(publication);
  return control.ask({ type: 'publish', ...publication }).catch((error) => {
    throw !control.open || mayPass(error.status) ? error : new Refused(error.message);
  });
}

/** @param {Publication} publication */
async function post(publication) {
  const response = await fetch('/messages', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(publication),
    signal: AbortSignal.timeout(ANSWER_WITHIN),
  });
  if (response.ok) return response.json();
  const problem = await response.json().catch(() => null);
  const title = problem?.title ?? `${response.status} ${response.statusText}`;
  throw mayPass(response.status) ? new Error(title) : new Refused(title);
}
