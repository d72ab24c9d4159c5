/**
 * The shared text as a pane shows it, scrolled to its end. What another author's version has
 * removed is shown once more, struck through.
 *
 * @typedef {import('../model/stats.js').Stats} Stats
 * @typedef {import('../model/types.js').Message} Message
 */
import { count } from '../model/format.js';
import { h, setText } from './dom.js';

/** How long a removed text stays visible. */
const LOST_MS = 1500;

/** @param {string} id */
export function mountSharedTextView(id) {
  const body = h('span');
  const lost = h('del');
  const text = h(
    'p',
    {
      'class': 'shared-text-view',
      'dir': 'auto',
      'tabindex': '0',
      'role': 'textbox',
      'aria-readonly': 'true',
      'aria-label': 'The shared text in this pane',
      'data-testid': `${id}-mirror`,
    },
    body,
  );
  const overwritten = h('span', { 'class': 'overwritten', 'data-testid': `${id}-overwritten` });
  const element = h('div', { class: 'mirror' }, text, h('p', { class: 'mirror-note' }, overwritten, lost));
  return {
    element,
    /** @param {Message | null} message @param {Stats} stats @param {number} now */
    draw(message, stats, now) {
      const next = message ? String(message.body) : '';
      if (body.textContent !== next) {
        setText(body, next);
        text.scrollTop = text.scrollHeight;
      }
      element.hidden = next === '';
      const isRecent = stats.lost !== null && now - stats.lost.at < LOST_MS;
      setText(lost, isRecent ? (stats.lost?.text ?? '') : '');
      setText(overwritten, stats.overwritten > 0 ? `overwritten ${count(stats.overwritten)}` : '');
    },
    /** Flashes once: an older text has replaced a newer one. */
    flash() {
      text.classList.remove('flash');
      void text.offsetWidth; // restarts the animation
      text.classList.add('flash');
    },
  };
}
