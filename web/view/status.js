/**
 * The status line: what happened, for those who do not watch the panes. At most one sentence
 * in five seconds is spoken; of several, the last.
 */
import { h, setText } from './dom.js';

const SENTENCE_EVERY_MS = 5000;

export function mountStatus() {
  const element = h('p', { 'class': 'status', 'role': 'status', 'data-testid': 'status' });
  /** @type {string | null} */
  let next = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let quiet;

  function speak() {
    quiet = undefined;
    if (next === null) return;
    setText(element, next);
    next = null;
    quiet = setTimeout(speak, SENTENCE_EVERY_MS);
  }

  return {
    element,
    /** @param {string} sentence */
    announce(sentence) {
      next = sentence;
      if (quiet === undefined) speak();
    },
  };
}
