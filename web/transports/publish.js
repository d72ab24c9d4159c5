/**
 * Publishing: one message after the other, in the order in which they were said. A message
 * whose fate is unknown is sent again; its `id` makes that safe.
 *
 * @typedef {import('../core/types.js').Publication} Publication
 */
import { backOff } from './persist.js';
import { sleep } from './sleep.js';

/** Most messages that wait to be sent; what comes on top is refused, and told so. */
export const OUTBOX_MAX = 200;

/** How long to wait for an answer before the message is sent again; in milliseconds. */
const ANSWER_WITHIN = 10_000;

/**
 * @param {(waiting: number) => void} onWaiting how many messages are not numbered yet
 */
export function createOutbox(onWaiting) {
  let last = Promise.resolve();
  let waiting = 0;

  return {
    /**
     * @param {Publication} publication
     * @returns {Promise<void>} rejects with what was wrong when the server refuses it
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

/** @param {Publication} publication */
async function send(publication) {
  for (let failures = 0; ; failures++) {
    const response = await fetch('/messages', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(publication),
      signal: AbortSignal.timeout(ANSWER_WITHIN),
    }).catch(() => null);
    if (response?.ok) return;
    if (response && response.status < 500 && response.status !== 429) {
      const problem = await response.json().catch(() => null);
      throw new Error(problem?.title ?? `${response.status} ${response.statusText}`);
    }
    await sleep(backOff(failures), new AbortController().signal);
  }
}
