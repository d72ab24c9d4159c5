/**
 * A log as the server has it: versions, ids that make retries safe, retention and gaps.
 *
 * @typedef {import('../../../model/types.js').Batch} Batch
 * @typedef {import('../../../model/types.js').Cursor} Cursor
 * @typedef {import('../../../model/types.js').Gap} Gap
 * @typedef {import('../../../model/types.js').Message} Message
 */

/** @param {number} retention in messages */
export function createServer(retention) {
  /** Everything that was ever appended. @type {Message[]} */
  const history = [];
  const oldest = () => Math.max(1, history.length - retention + 1);

  return {
    history,
    oldest,
    /** Appends a message, or finds it. @param {string} id @param {string} kind @param {unknown} body
     *  @returns {number} its version */
    publish(id, kind, body) {
      const retained = history.slice(oldest() - 1).find((message) => message.id === id);
      if (retained) return retained.version;
      const version = history.length + 1;
      history.push({ version, id, at: version, sender: '', kind, body: structuredClone(body) });
      return version;
    },
    /** @param {Cursor} cursor @param {number} [limit] @returns {Batch | Gap} */
    read({ since }, limit = 50) {
      const head = history.length;
      if (since < oldest() - 1) return { type: 'gap', reason: 'truncated', epoch: 'e', oldest: oldest(), head };
      const messages = history.slice(since, since + limit);
      const version = since + messages.length;
      return { type: 'batch', epoch: 'e', since, version, head, messages };
    },
  };
}

/** @typedef {ReturnType<typeof createServer>} Server */
