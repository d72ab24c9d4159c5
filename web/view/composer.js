/**
 * The composer: a chat line, the shared text, and the publisher that speaks by itself. What
 * goes in here once comes out in every pane.
 *
 * @typedef {import('../session/lab.js').Lab} Lab
 * @typedef {import('../session/publisher.js').Rhythm} Rhythm
 * @typedef {import('../model/types.js').Message} Message
 */
import { count } from '../model/format.js';
import { h, setText } from './dom.js';

/** Most publications of the shared text: the newest text, at most so often. */
const TYPING_EVERY_MS = 100;

const RATE = { min: 0.1, max: 50, step: 'any' };

const NAME_KEY = 'trifold.name';

/** @param {Lab} lab @param {(sentence: string) => void} announce */
export function mountComposer(lab, announce) {
  const name = h('input', {
    'id': 'name',
    'class': 'name',
    'maxlength': 64,
    'autocomplete': 'off',
    'data-testid': 'name',
    'onchange': () => sessionStorage.setItem(NAME_KEY, name.value),
  });
  name.value = sessionStorage.getItem(NAME_KEY) ?? guestName();
  const chat = h('input', {
    'id': 'chat',
    'autocomplete': 'off',
    'placeholder': 'Say something, once',
    'data-testid': 'chat',
  });
  const outcome = h('p', { 'class': 'outcome', 'data-testid': 'outcome' });
  const queue = h('p', { 'class': 'queue', 'data-testid': 'queue' });
  const say = h(
    'form',
    {
      class: 'say',
      onsubmit: (/** @type {SubmitEvent} */ event) => {
        event.preventDefault();
        const body = chat.value;
        if (body === '') return;
        chat.value = '';
        setText(outcome, '');
        lab.publish({ sender: name.value, kind: 'chat', body }).catch((error) => {
          refused(error.message);
          if (chat.value === '') chat.value = body; // nothing that was typed is lost
        });
      },
    },
    h('label', { for: 'chat' }, 'A chat line'),
    h('label', { 'class': 'as', 'for': 'name' }, 'as'),
    name,
    chat,
    h('button', { 'type': 'submit', 'data-testid': 'send' }, 'Send'),
  );

  const talks = h('textarea', {
    'id': 'talks',
    'rows': 2,
    'dir': 'auto',
    'placeholder': 'One text for all: type here, and so may everybody',
    'data-testid': 'talks',
    'oninput': () => typed(),
  });
  const everybody = h(
    'div',
    { class: 'talks' },
    h('label', { for: 'talks' }, 'EVERYBODY TALKS'),
    talks,
  );

  /** @type {{ value: Rhythm, label: string }[]} */
  const rhythms = [
    { value: 'off', label: 'off' },
    { value: 'steady', label: 'steady' },
    { value: 'poisson', label: 'Poisson' },
  ];
  const rhythm = h(
    'select',
    { 'id': 'rhythm', 'data-testid': 'rhythm', 'onchange': () => setRhythm() },
    ...rhythms.map(({ value, label }) => h('option', { value }, label)),
  );
  const rate = h('input', {
    'id': 'rate',
    'type': 'number',
    ...RATE,
    'value': 1,
    'aria-label': 'Messages a second',
    'data-testid': 'rate',
    'onchange': () => setRhythm(),
  });
  const beat = h(
    'div',
    { class: 'rhythm' },
    h('label', { for: 'rhythm' }, 'Publisher'),
    rhythm,
    h('label', { class: 'rate' }, rate, ' a second'),
    queue,
    outcome,
  );

  function setRhythm() {
    if (!rate.checkValidity()) rate.value = '1';
    lab.setRhythm(/** @type {Rhythm} */ (rhythm.value), rate.valueAsNumber);
  }

  /** @param {string} problem */
  function refused(problem) {
    setText(outcome, `Not sent: ${problem}`);
    announce(`Not sent: ${problem}`);
  }

  // The shared text. While something typed here is not published yet, what others type does
  // not overwrite it; after that the log's order decides: the last version wins.
  let dirty = false;
  let newest = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let typing;

  function typed() {
    dirty = true;
    typing ??= setTimeout(publishText, TYPING_EVERY_MS);
  }

  async function publishText() {
    const body = talks.value;
    await lab.publish({ sender: name.value, kind: 'text', body }).catch((error) =>
      refused(error.message),
    );
    typing = undefined;
    if (talks.value === body) dirty = false;
    else typed();
  }

  /** @param {Message} message the shared text, from whichever pane has it first */
  function showText({ version, body }) {
    if (version <= newest) return;
    newest = version;
    if (dirty || talks.value === body) return;
    const { selectionStart, selectionEnd } = talks;
    talks.value = String(body);
    talks.setSelectionRange(selectionStart, selectionEnd);
  }

  return {
    element: h('section', { 'class': 'composer', 'aria-label': 'Publish' }, say, everybody, beat),
    showText,
    refused,
    /** Messages a second, as asked for. */
    get rate() {
      return rate.valueAsNumber || 1;
    },
    /** The log began anew, or was left: versions start again. */
    forget() {
      newest = 0;
    },
    draw() {
      if (rhythm.value !== lab.rhythm) rhythm.value = lab.rhythm;
      setText(queue, lab.waiting > 1 ? `${count(lab.waiting)} wait to be sent` : '');
    },
  };
}

/** A name until there is a better one. */
function guestName() {
  const digits = crypto.getRandomValues(new Uint16Array(1))[0] ?? 0;
  return `guest-${String(digits % 1000).padStart(3, '0')}`;
}
