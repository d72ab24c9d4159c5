/**
 * The connections of the browser: it opens six to a host, and queues further requests. A page
 * cannot see that queue; it knows its own requests, and their order.
 *
 * @typedef {import('../model/types.js').Exchange} Exchange
 */

/** HTTP/1.1 connections that browsers open to one host. WebSockets do not count. */
export const MAX_CONNECTIONS = 6;

/** The open requests of this page, in order. @type {Map<Exchange, () => void>} */
const open = new Map();

/** @param {Exchange} exchange @param {() => void} onSent if it has to wait */
export function enqueue(exchange, onSent) {
  if (open.size >= MAX_CONNECTIONS) exchange.sentAt = null;
  open.set(exchange, onSent);
}

/** A response proves that its request was sent, whatever this page knows of the queue.
 * @param {Exchange} exchange */
export function confirmSent(exchange) {
  if (exchange.sentAt === null) markSent(exchange, open.get(exchange));
}

/** A request has ended: the next one gets its connection, unless it ends at the same time.
 * @param {Exchange} exchange */
export function dequeue(exchange) {
  open.delete(exchange);
  queueMicrotask(sendNext);
}

function sendNext() {
  for (const [exchange, onSent] of [...open].slice(0, MAX_CONNECTIONS)) {
    if (exchange.sentAt === null) markSent(exchange, onSent);
  }
}

/** @param {Exchange} exchange @param {() => void} [onSent] */
function markSent(exchange, onSent) {
  exchange.sentAt = performance.now();
  onSent?.();
}
