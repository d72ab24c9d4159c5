/**
 * Polling: ask again and again.
 *
 * @typedef {import('../model/types.js').Answer} Answer
 * @typedef {import('./index.js').Technique} Technique
 * @typedef {import('../net/inbox.js').Inbox<Answer>} Answers
 */
import { createInbox } from '../net/inbox.js';
import { sleep } from '../net/sleep.js';

/** How long the careful loop waits for an answer, in milliseconds. */
const ANSWER_WITHIN = 5000;

/**
 * `setInterval` fires and does not wait: answers may overtake each other, and while the
 * server is silent requests pile up. Errors are nobody's business here.
 *
 * @type {Technique}
 */
export async function* interval({ ask }, cursor, signal, every) {
  /** @type {Answers} */
  const answers = createInbox(signal);
  const timer = setInterval(() => {
    ask('/poll', cursor(), signal).then(answers.put, () => {});
  }, every);
  yield* untilClosed(answers, timer);
}

/**
 * The same, with a guard: while a request is under way, the timer fires for nothing.
 *
 * @type {Technique}
 */
export async function* guarded({ ask }, cursor, signal, every) {
  /** @type {Answers} */
  const answers = createInbox(signal);
  let busy = false;
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    ask('/poll', cursor(), signal)
      .then(answers.put, () => {})
      .finally(() => (busy = false));
  }, every);
  yield* untilClosed(answers, timer);
}

/**
 * A chained `setTimeout` waits for the answer, and only then for the time. The stack does not
 * grow: each turn of the loop starts from an empty one.
 *
 * @type {Technique}
 */
export async function* chained({ ask }, cursor, signal, every) {
  while (true) {
    const answer = await ask('/poll', cursor(), signal);
    yield answer;
    await sleep(behind(answer) ? 0 : every, signal);
  }
}

/**
 * The same, and it gives up on an answer that does not come. What fails is tried again by
 * persist.js, less and less often.
 *
 * @type {Technique}
 */
export async function* careful({ ask }, cursor, signal, every) {
  while (true) {
    const answer = await ask('/poll', cursor(), signal, ANSWER_WITHIN);
    yield answer;
    await sleep(behind(answer) ? 0 : every, signal);
  }
}

/**
 * The answers as they come in; whatever ends the loop ends its timer.
 *
 * @param {Answers} answers
 * @param {ReturnType<typeof setInterval>} timer
 */
async function* untilClosed(answers, timer) {
  try {
    yield* answers;
  } finally {
    clearInterval(timer);
  }
}

/** Whether `limit` cut the answer, so that there is more to ask for. @param {Answer} answer */
function behind(answer) {
  return answer.type === 'batch' && answer.version < answer.head;
}
