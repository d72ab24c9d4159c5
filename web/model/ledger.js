/**
 * The ledger: what arrived against what the log numbered. It holds the cursor, so a
 * subscriber that changes its transport continues where it was.
 *
 * @typedef {import('./events.js').Delivery} Delivery
 * @typedef {import('./events.js').Receipt} Receipt
 * @typedef {import('./types.js').Batch} Batch
 * @typedef {import('./types.js').Cursor} Cursor
 * @typedef {import('./types.js').Gap} Gap
 * @typedef {import('./types.js').Message} Message
 * @typedef {import('./types.js').Update} Update
 *
 * @typedef {object} Ledger
 * @property {Cursor} cursor  everything up to it is held, without a hole; read for each request
 * @property {number} displayedVersion the version of the batch on the display, stale or not
 * @property {number} highest the highest version that was ever on the display
 * @property {number} head    the newest version reported by the log
 */

/** @param {Cursor} cursor @returns {Ledger} */
export function createLedger({ since, epoch }) {
  return { cursor: { since, epoch }, displayedVersion: since, highest: since, head: since };
}

/**
 * Applies a batch or a gap, and returns what it changed.
 *
 * @param {Ledger} ledger
 * @param {Update} update
 * @param {(message: Message) => Delivery} measure
 * @returns {Receipt}
 */
export function applyUpdate(ledger, update, measure) {
  const isGap = update.type === 'gap';
  const gap = isGap ? { gap: update, missed: applyGap(ledger, update) } : null;
  const { newMessages, duplicates, staleAfter } = isGap ? NO_MESSAGES : applyBatch(ledger, update);
  return {
    newMessages: newMessages.map(measure),
    duplicates,
    displayedVersion: ledger.displayedVersion,
    head: ledger.head,
    staleAfter,
    messages: isGap ? [] : update.messages,
    gap,
  };
}

/** @type {ReturnType<typeof applyBatch>} */
const NO_MESSAGES = { newMessages: [], duplicates: 0, staleAfter: null };

/**
 * `newMessages` are those not held yet, in order; `staleAfter` is the version that was on the
 * display when this older batch replaced it.
 *
 * @param {Ledger} ledger
 * @param {Batch} batch
 * @returns {{ newMessages: Message[], duplicates: number, staleAfter: number | null }}
 */
export function applyBatch(ledger, batch) {
  const { cursor } = ledger;
  ledger.head = Math.max(ledger.head, batch.head);
  cursor.epoch = batch.epoch;
  const newMessages = batch.messages.filter((message) => message.version > cursor.since);
  const duplicates = batch.messages.length - newMessages.length;
  cursor.since = Math.max(cursor.since, batch.version);
  if (batch.messages.length === 0) return { newMessages, duplicates, staleAfter: null };

  const staleAfter = batch.version < ledger.highest ? ledger.highest : null;
  ledger.displayedVersion = batch.version;
  ledger.highest = Math.max(ledger.highest, batch.version);
  return { newMessages, duplicates, staleAfter };
}

/**
 * Moves the cursor to where the log can continue: before its oldest message, or to its head
 * when the cursor was ahead of it.
 *
 * @param {Ledger} ledger
 * @param {Gap} gap
 * @returns {number} how many messages were missed, as far as that can be known
 */
export function applyGap(ledger, gap) {
  const held = ledger.cursor.since;
  const since = gap.reason === 'ahead' ? gap.head : gap.oldest - 1;
  ledger.cursor = { since, epoch: gap.epoch };
  ledger.head = gap.head;
  ledger.displayedVersion = since;
  ledger.highest = since;
  return gap.reason === 'truncated' ? since - held : 0;
}

/** Whether the batch was limited, so that the log has more messages already.
 * @param {Update} update */
export function hasMore(update) {
  return update.type === 'batch' && update.version < update.head;
}
