/**
 * EVERYBODY TALKS, as the lecture had it: the whole text is published, and the last writer wins.
 * It is next to the document that merges, and counts what was overwritten.
 *
 * @typedef {import('../../model/types.js').Message} Message
 * @typedef {import('../../session/app-session.js').AppSession} AppSession
 */
import { sharedTextOf } from '../../model/events.js';
import { count } from '../../model/format.js';
import { lostText } from '../../model/stats.js';
import { h, setText } from '../dom.js';
import { mountSharedText } from '../shared-text.js';

/** @param {AppSession} session @param {() => string} senderName @param {(reason: string) => void} showError */
export function mountWholeText(session, senderName, showError) {
  const shared = mountSharedText(senderName, (message) => session.publish(message), showError);
  const overwritten = h('strong', { 'data-testid': 'app-overwritten' });
  let characters = 0;
  /** @type {Message | null} */
  let last = null;
  return {
    element: h(
      'section',
      { class: 'app-pane whole-text' },
      h('h2', {}, 'The same without merging'),
      h('p', { class: 'hint' }, 'The lecture’s text area publishes the whole text, and the last writer wins. When two people type at the same time, one loses what they typed.'),
      shared.element,
      h('p', {}, 'Characters that another writer has overwritten: ', overwritten),
    ),
    /** @param {Message[]} messages */
    receive(messages) {
      for (const message of messages.filter((one) => one.kind === 'text' && typeof one.body === 'string')) {
        if (last && last.sender !== message.sender) characters += [...lostText(String(last.body), String(message.body))].length;
        last = message;
      }
      const text = sharedTextOf(messages);
      if (text) shared.show(text);
    },
    draw() {
      setText(overwritten, count(characters));
    },
  };
}
