/**
 * The chat form: a name and a line of text.
 *
 * @typedef {import('../model/types.js').MessageContent} MessageContent
 */
import { count } from '../model/format.js';
import { h, setText } from './dom.js';
import { readStorage, writeStorage } from './storage.js';

const NAME_KEY = 'trifold.name';

/**
 * @param {(message: MessageContent) => Promise<unknown>} publish
 * @param {(reason: string) => void} showError empty: no error
 */
export function mountChatForm(publish, showError) {
  const name = mountNameInput();
  const queue = h('p', { 'class': 'queue', 'data-testid': 'queue' });
  const chat = h('input', {
    'id': 'chat',
    'autocomplete': 'off',
    'placeholder': 'Write a message',
    'data-testid': 'chat',
  });

  /** @param {SubmitEvent} event */
  function submit(event) {
    event.preventDefault();
    const body = chat.value.trim();
    if (body === '') return;
    chat.value = '';
    showError('');
    publish({ sender: name.value, kind: 'chat', body }).catch((error) => {
      showError(error.message);
      if (chat.value === '') chat.value = body; // the text is not lost
    });
  }

  return {
    element: h(
      'form',
      { class: 'chat-form', onsubmit: submit },
      h('label', { for: 'chat' }, 'Chat message'),
      h('label', { 'class': 'name-label', 'for': 'name' }, 'as'),
      name,
      chat,
      h('button', { 'type': 'submit', 'data-testid': 'send' }, 'Send'),
      queue,
    ),
    /** @param {number} waiting messages */
    draw: (waiting) => setText(queue, waitingText(waiting)),
    senderName: () => name.value,
  };
}

/** @param {number} waiting messages */
function waitingText(waiting) {
  return waiting === 0 ? '' : `${count(waiting)} message${waiting === 1 ? '' : 's'} waiting to be sent`;
}

export function mountNameInput() {
  const input = h('input', {
    'id': 'name',
    'class': 'name',
    'maxlength': 64,
    'autocomplete': 'off',
    'data-testid': 'name',
    'onchange': () => writeStorage(NAME_KEY, input.value),
  });
  input.value = readStorage(NAME_KEY) ?? guestName();
  return input;
}

/** The default name. */
function guestName() {
  const digits = crypto.getRandomValues(new Uint16Array(1))[0] ?? 0;
  return `guest-${String(digits % 1000).padStart(3, '0')}`;
}
