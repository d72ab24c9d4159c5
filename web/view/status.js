/**
 * The status line, for people who do not watch the panes. At most one sentence in five
 * seconds; of several, the last. What the page shows anyway is only read aloud.
 */
import { h, setText } from './dom.js';

const INTERVAL_MS = 5000;

/** @typedef {{ text: string, isVisible: boolean }} Sentence */

export function mountStatus() {
  const element = h('p', { 'class': 'status', 'role': 'status', 'data-testid': 'status' });
  /** @type {Sentence | null} */
  let next = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  function showNext() {
    timer = undefined;
    element.classList.toggle('visible', next?.isVisible ?? false);
    if (next === null) return; // the last sentence stays readable, but is no longer visible
    setText(element, next.text);
    next = null;
    timer = setTimeout(showNext, INTERVAL_MS);
  }

  /** @param {Sentence} sentence */
  function add(sentence) {
    next = sentence;
    if (timer === undefined) showNext();
  }

  return {
    element,
    /** @param {string} text */
    announce: (text) => add({ text, isVisible: true }),
    /** For screen readers. @param {string} text */
    readAloud: (text) => add({ text, isVisible: false }),
  };
}
