/**
 * The types of the page. Those of the protocol are named as docs/protocol.md names them.
 *
 * @typedef {{ since: number, epoch: string | null }} Cursor
 *   Held by a subscriber: everything up to version `since` of the log of `epoch`.
 *
 * @typedef {{ version: number, id: string, at: number, sender: string, kind: string,
 *             body: unknown }} Message
 *   `at` in milliseconds since 1970, by the server's clock.
 *
 * @typedef {{ type: 'batch', epoch: string, since: number, version: number, head: number,
 *             messages: Message[] }} Batch
 *
 * @typedef {{ type: 'gap', reason: 'truncated' | 'epoch' | 'ahead', epoch: string,
 *             oldest: number, head: number }} Gap
 *
 * @typedef {{ sender: string, kind: string, body: unknown }} MessageContent
 * @typedef {{ id: string } & MessageContent} NewMessage
 *
 * @typedef {{ id: number, path: string, requestedAt: number, sentAt: number | null,
 *             upMs: number, downMs: number }} Exchange
 *   One request, or one socket: its number, when the page requested it, when it left the browser
 *   (null while it is queued there), and the delay that the simulated network adds in each
 *   direction.
 *
 * @typedef {(Batch | Gap) & { exchange: Exchange }} Update
 *   What the log sends, with the request or socket that carried it.
 *
 * @typedef {{ ms: number, error: number }} Latency
 *   First visible minus published, and the largest possible error: 0 where both times come
 *   from this page's clock.
 *
 * @typedef {Record<string, string | number>} NetworkParams
 *   Parameters for the simulated network and the meter, by the protocol's names.
 *
 * @typedef {'poll' | 'longpoll' | 'ws'} PaneId
 * @typedef {keyof typeof KINDS} TransportId
 * @typedef {'poll' | 'longpoll' | 'ws'} TransportKind
 */

const KINDS = /** @type {const} */ ({
  'interval': 'poll',
  'interval-guard': 'poll',
  'chained': 'poll',
  'chained-backoff': 'poll',
  'longpoll': 'longpoll',
  'ws': 'ws',
});

/** @param {TransportId} transport @returns {TransportKind} */
export function kindOf(transport) {
  return KINDS[transport];
}

/** The kind of a request or socket, whatever transport the pane has now.
 * @param {Exchange} exchange @returns {TransportKind} */
export function kindOfExchange({ path }) {
  if (path === '/ws') return 'ws';
  return path === '/longpoll' ? 'longpoll' : 'poll';
}
