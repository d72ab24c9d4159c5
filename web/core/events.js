/**
 * What happens on the wire, as one list. Counters are a sum over it, and all that is drawn
 * will be drawn from it.
 *
 * @typedef {import('./types.js').Answer} Answer
 *
 * @typedef {{ type: 'request', request: number, path: string }
 *   | { type: 'answer', request: number, answer: Answer }
 *   | { type: 'error', request: number, reason: string }
 *   | { type: 'cancel', request: number, reason: string }
 *   | { type: 'open', request: number }
 *   | { type: 'frame', request: number, answer: Answer }
 *   | { type: 'close', request: number, code: number, reason: string, opened: boolean,
 *       meant: boolean }
 *   | { type: 'pause', ms: number }} Happening
 *   `request` numbers requests and opening handshakes; a `close` was `meant` when this page
 *   wanted it; `pause` is the time until the next attempt.
 *
 * @typedef {object} Counters
 * @property {number} requests requests and opening handshakes sent
 * @property {number} answers  answers and batches received
 * @property {number} empty    answers without a message
 * @property {number} errors   requests without an answer, and sockets that closed unmeant
 * @property {number} inFlight requests sent and neither answered nor given up
 */

/** @returns {Counters} */
export function zeroCounters() {
  return { requests: 0, answers: 0, empty: 0, errors: 0, inFlight: 0 };
}

/** @param {Counters} counters @param {Happening} happening */
export function tally(counters, happening) {
  switch (happening.type) {
    case 'request':
      counters.requests += 1;
      counters.inFlight += 1;
      break;
    case 'answer':
      counters.inFlight -= 1;
      tallyAnswer(counters, happening.answer);
      break;
    case 'frame':
      tallyAnswer(counters, happening.answer);
      break;
    case 'error':
      counters.errors += 1;
      counters.inFlight -= 1;
      break;
    case 'cancel':
    case 'open':
      counters.inFlight -= 1;
      break;
    case 'close':
      if (!happening.opened) counters.inFlight -= 1;
      if (!happening.meant) counters.errors += 1;
      break;
  }
}

/** @param {Counters} counters @param {Answer} answer */
function tallyAnswer(counters, answer) {
  counters.answers += 1;
  if (answer.type === 'batch' && answer.messages.length === 0) counters.empty += 1;
}
