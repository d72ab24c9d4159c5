/** Long polling: send a request, and let the server respond when there are messages. */

/** @typedef {import('../net/client.js').Transport} Transport */

/** The page requests a wait of at most 25 s, and the server adds up to a sixteenth. */
const TIMEOUT_MS = 35_000;

/** @type {Transport} */
export async function longpoll({ request }, cursor, deliver, signal) {
  while (true) deliver(await request('/longpoll', cursor(), signal, TIMEOUT_MS));
}
