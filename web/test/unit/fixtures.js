/**
 * Builders for the unit tests.
 *
 * @typedef {import('../../model/types.js').Batch} Batch
 * @typedef {import('../../model/types.js').Exchange} Exchange
 * @typedef {import('../../model/types.js').Message} Message
 * @typedef {import('../../model/types.js').Update} Update
 */

/** @type {Exchange} */
export const EXCHANGE = { id: 1, path: '/poll', sentAt: 0, requestedAt: 0, upMs: 0, downMs: 0 };

/** @param {number} version @param {Partial<Message>} [fields] @returns {Message} */
export function message(version, fields = {}) {
  return { version, id: `m-${version}`, at: 0, sender: '', kind: 'chat', body: 'hi', ...fields };
}

/** A batch of the messages after `since`. @param {number} since @param {number} version
 *  @param {Partial<Batch>} [fields] @returns {Batch & Update} */
export function batch(since, version, fields = {}) {
  const messages = Array.from({ length: version - since }, (_, index) => message(since + 1 + index));
  const head = version;
  return { type: 'batch', epoch: 'e', since, version, head, messages, exchange: EXCHANGE, ...fields };
}

/** Runs the event loop until the condition holds. @param {() => boolean} condition */
export async function until(condition) {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
