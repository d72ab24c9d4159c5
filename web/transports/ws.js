/** WebSocket: open a socket once, and let the server send messages until it closes. */

/** @typedef {import('../net/client.js').Transport} Transport */

/** @type {Transport} */
export async function ws({ openSocket }, cursor, deliver, signal) {
  await openSocket('/ws', cursor(), signal, deliver);
}
