/**
 * The events of a measurement, as one list. All figures are folds over it, and everything on
 * the page is drawn from it, so pausing and replaying are only views of another moment.
 *
 * @typedef {import('./types.js').Exchange} Exchange
 * @typedef {import('./types.js').Gap} Gap
 * @typedef {import('./types.js').Latency} Latency
 * @typedef {import('./types.js').Message} Message
 * @typedef {import('./types.js').TransportId} TransportId
 * @typedef {import('./types.js').Update} Update
 *
 * @typedef {{ message: Message, latency: Latency, bytes: number, isMeasured: boolean }} Delivery
 *   A message on arrival, and the size of its body. `isMeasured` is false when its latency
 *   does not count, for example because the tab was hidden.
 *
 * @typedef {object} Receipt what an update changed in the ledger and on the display
 * @property {Delivery[]} newMessages
 * @property {number} duplicates
 * @property {number} displayedVersion
 * @property {number} head
 * @property {number | null} staleAfter the newer version that this older update replaced
 * @property {Message[]} messages       all messages of the update, new or not
 * @property {{ gap: Gap, missed: number } | null} gap
 *
 * @typedef {{ type: 'transport', transport: TransportId, intervalMs: number, network: string }
 *   | { type: 'request' | 'cancel', exchange: Exchange, isQueued: boolean }
 *   | { type: 'sent' | 'open', exchange: Exchange }
 *   | { type: 'response' | 'frame', update: Update, receipt: Receipt }
 *   | { type: 'error', exchange: Exchange, isQueued: boolean, reason: string, timedOut: boolean,
 *       status?: number }
 *   | { type: 'close', exchange: Exchange, code: number, reason: string, opened: boolean,
 *       expected: boolean }
 *   | { type: 'pause', ms: number }
 *   | { type: 'stopped' }} PaneEvent
 *   a request `isQueued` while the browser has no connection for it, until it is
 *   `sent`; an `error` has a `status` if the server responded; `transport` is the start with a
 *   transport, an interval and a network in words; a `close` is `expected` when this page closed
 *   the socket; `pause` is the time until the next attempt.
 *
 * @typedef {{ type: 'start', since: number }
 *   | { type: 'stop', isComplete: boolean }
 *   | { type: 'published', id: string, version: number }
 *   | { type: 'remote', message: Message }
 *   | { type: 'hidden' | 'visible' }
 *   | { type: 'link', down: boolean }} PageEvent
 *   Events of no pane. `stop` is complete when a lesson ran to its end. `remote` is the first arrival of a message from another client.
 *
 * @typedef {{ at: number }} Timed by this page's `performance.now()`
 * @typedef {{ pane: string } & Timed & PaneEvent} TimedPaneEvent
 * @typedef {{ pane: null } & Timed & PageEvent} TimedPageEvent
 * @typedef {TimedPaneEvent | TimedPageEvent} LabEvent
 */

/** The request or socket that an event belongs to. @param {PaneEvent} event */
export function exchangeOf(event) {
  if ('update' in event) return event.update.exchange;
  return 'exchange' in event ? event.exchange : null;
}

/** The newest shared text among some messages. @param {Message[]} messages */
export function sharedTextOf(messages) {
  return messages.findLast(({ kind, body }) => kind === 'text' && typeof body === 'string');
}

/** The newest version that an event tells of; 0 if it tells of none. @param {LabEvent} event */
export function newestVersionOf(event) {
  if ('receipt' in event) return Math.max(event.receipt.head, event.receipt.displayedVersion);
  switch (event.type) {
    case 'start':
      return event.since;
    case 'published':
      return event.version;
    case 'remote':
      return event.message.version;
    default:
      return 0;
  }
}
