/**
 * Long polling: ask, and let the server answer when there is news; then ask again at once.
 *
 * @typedef {import('./index.js').Technique} Technique
 */

/** The server holds for 25 s and up to a sixteenth more; what takes longer is lost. */
const ANSWER_WITHIN = 35_000;

/** @type {Technique} */
export async function* longpoll({ ask }, cursor, signal) {
  while (true) {
    yield await ask('/longpoll', cursor(), signal, ANSWER_WITHIN);
  }
}
