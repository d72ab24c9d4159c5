/**
 * The composer: everything that publishes. What is published here once arrives in every pane.
 *
 * @typedef {import('../model/types.js').Message} Message
 * @typedef {import('../session/lab.js').Lab} Lab
 */
import { mountChatForm } from './chat-form.js';
import { h } from './dom.js';
import { mountPublisherControls } from './publisher-controls.js';
import { mountSharedText } from './shared-text.js';

/** @param {Lab} lab @param {(sentence: string) => void} announce
 *  @param {() => void} toggleNetwork @param {HTMLElement[]} below */
export function mountComposer(lab, announce, toggleNetwork, below) {
  const controls = mountPublisherControls(lab, toggleNetwork);

  /** @param {string} reason */
  function showError(reason) {
    controls.showError(reason && `Not sent: ${reason}`);
    if (reason) announce(`Not sent: ${reason}`);
  }

  const chat = mountChatForm(lab.messages.publish, showError);
  const sharedText = mountSharedText(chat.senderName, lab.messages.publish, showError);
  return {
    element: h(
      'section',
      { 'class': 'composer', 'aria-label': 'Publish' },
      chat.element,
      sharedText.element,
      controls.element,
      ...below,
    ),
    showText: sharedText.show,
    /** The log was restarted: its versions start again. */
    forgetVersion: sharedText.forgetVersion,
    showError,
    /** Messages per second of the publisher. */
    get rate() {
      return controls.rate;
    },
    draw() {
      controls.draw();
      chat.draw(lab.messages.waiting);
    },
  };
}
