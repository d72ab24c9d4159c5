/**
 * The shared text as a pane shows it.
 *
 * @typedef {import('../model/types.js').Message} Message
 */
import { h, setText } from './dom.js';

/** @param {string} id */
export function mountSharedTextView(id) {
  const element = h('p', {
    'class': 'shared-text-view',
    'dir': 'auto',
    'tabindex': '0',
    'role': 'textbox',
    'aria-readonly': 'true',
    'aria-label': 'The shared text in this pane',
    'data-testid': `${id}-mirror`,
  });
  return {
    element,
    /** @param {Message | null} text */
    draw: (text) => setText(element, text ? String(text.body) : ''),
    /** Flashes once: an older text has replaced a newer one. */
    flash() {
      element.classList.remove('flash');
      void element.offsetWidth; // restarts the animation
      element.classList.add('flash');
    },
  };
}
