/**
 * WebSocket: open once, and receive for as long as it stays open.
 *
 * @typedef {import('../model/types.js').Answer} Answer
 * @typedef {import('./index.js').Technique} Technique
 * @typedef {import('../net/inbox.js').Inbox<Answer>} Answers
 */
import { probe } from '../net/heartbeat.js';
import { createInbox } from '../net/inbox.js';

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
