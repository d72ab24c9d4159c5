/**
 * The status line, for people who do not watch the panes. At most one sentence in five
 * seconds; of several, the last.
 */
import { h, setText } from './dom.js';

const INTERVAL_MS = 5000;

export function mountStatus() {
  const element = h('p', { 'class': 'status', 'role': 'status', 'data-testid': 'status' });
  /** @type {string | null} */
  let next = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  function showNext() {
    timer = undefined;
    if (next === null) return;
    setText(element, next);
    next = null;
    timer = setTimeout(showNext, INTERVAL_MS);
  }

  return {
    element,
    /** @param {string} sentence */
    announce(sentence) {
      next = sentence;
      if (timer === undefined) showNext();
    },
  };
}
