/**
 * The shapes that the page is made of, named as docs/protocol.md names them.
 *
 * @typedef {{ since: number, epoch: string | null }} Cursor
 *   What a subscriber holds: everything up to `since` of the log's incarnation `epoch`.
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
 * @typedef {Batch | Gap} Answer
 *
 * @typedef {{ id: string, sender: string, kind: string, body: unknown }} Publication
 *
 * @typedef {{ ms: number, error: number }} Latency
 *   First visible minus published, and how far it may be off: 0 where both ends were read
 *   from this page's clock.
 */
export {};
