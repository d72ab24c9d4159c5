/**
 * WebSocket: open once, and receive for as long as it stays open.
 *
 * @typedef {import('../core/types.js').Answer} Answer
 * @typedef {import('./index.js').Technique} Technique
 * @typedef {import('./inbox.js').Inbox<Answer>} Answers
 */
import { probe } from './heartbeat.js';
import { createInbox } from './inbox.js';

/** @type {Technique} */
export async function* ws({ open }, cursor, signal) {
  /** @type {Answers} */
  const answers = createInbox(signal);
  const socket = open('/ws', cursor(), signal, answers.put);
  socket.onclose = () => answers.close();
  const stopProbing = probe(socket, () => answers.close());
  try {
    yield* answers;
  } finally {
    stopProbing();
    socket.close();
  }
}
