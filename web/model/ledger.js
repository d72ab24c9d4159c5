/**
 * The ledger: what arrived against what the log numbered. It holds the cursor, so a
 * subscriber that changes its technique goes on where it was.
 *
 * @typedef {import('./types.js').Batch} Batch
 * @typedef {import('./types.js').Cursor} Cursor
 * @typedef {import('./types.js').Gap} Gap
 * @typedef {import('./types.js').Message} Message
 *
 * @typedef {object} Ledger
 * @property {Cursor} cursor  what is held without a hole; read at each request
 * @property {number} shown   the version of the answer on display, right or wrong
 * @property {number} highest the highest version ever on display
 * @property {number} head    the newest version that the log has told of
 */

/** @param {Cursor} cursor @returns {Ledger} */
export function createLedger({ since, epoch }) {
  return { cursor: { since, epoch }, shown: since, highest: since, head: since };
}

/**
 * Books a batch. `fresh` are the messages that were not held yet, in order; `staleAfter` is
 * the version that was on display when an older answer replaced it.
 *
 * @param {Ledger} ledger
 * @param {Batch} batch
 * @returns {{ fresh: Message[], duplicates: number, staleAfter: number | null }}
 */
export function takeBatch(ledger, batch) {
  const { cursor } = ledger;
  ledger.head = Math.max(ledger.head, batch.head);
  cursor.epoch = batch.epoch;
  const fresh = batch.messages.filter((message) => message.version > cursor.since);
  const duplicates = batch.messages.length - fresh.length;
  cursor.since = Math.max(cursor.since, batch.version);
  if (batch.messages.length === 0) return { fresh, duplicates, staleAfter: null };

  const staleAfter = batch.version < ledger.highest ? ledger.highest : null;
  ledger.shown = batch.version;
  ledger.highest = Math.max(ledger.highest, batch.version);
  return { fresh, duplicates, staleAfter };
}

/**
 * Books a gap, and moves the cursor to where the log can continue: before the oldest message
 * it has, or to its head when the cursor was ahead of it.
 *
 * @param {Ledger} ledger
 * @param {Gap} gap
 * @returns {number} how many messages were missed, as far as anyone can know
 */
export function takeGap(ledger, gap) {
  const held = ledger.cursor.since;
  const since = gap.reason === 'ahead' ? gap.head : gap.oldest - 1;
  ledger.cursor = { since, epoch: gap.epoch };
  ledger.head = gap.head;
  ledger.shown = since;
  ledger.highest = since;
  return gap.reason === 'truncated' ? since - held : 0;
}
