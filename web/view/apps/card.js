/**
 * A card of the board: its text, or a form to edit it.
 *
 * @typedef {import('../../apps/board.js').Card} Card
 * @typedef {import('../../apps/board.js').Field} Field
 *
 * @typedef {object} CardHooks
 * @property {(id: string, field: Field, value: string | boolean) => void} set
 * @property {(id: string, key: string) => void} move by an arrow key
 */
import { MAX_TEXT, MAX_TITLE } from '../../apps/board.js';
import { h, setText } from '../dom.js';

/** @param {string} id @param {CardHooks} hooks */
export function mountCard(id, { set, move }) {
  const title = h('strong');
  const text = h('p');
  const handle = h(
    'button',
    {
      'type': 'button',
      'class': 'handle secondary',
      'onkeydown'(/** @type {KeyboardEvent} */ event) {
        if (!event.key.startsWith('Arrow')) return;
        event.preventDefault();
        move(id, event.key);
      },
    },
    '⠿',
  );
  const archive = h('button', { type: 'button', class: 'secondary', onclick: () => set(id, 'archived', true) }, 'Archive');
  const edit = h('button', { type: 'button', class: 'secondary', onclick: () => startEditing() }, 'Edit');
  const content = h('div', { class: 'card-content' }, handle, title, text, h('p', { class: 'card-commands' }, edit, archive));
  const form = mountForm(id, set, () => stopEditing());
  const element = h('li', { 'class': 'card', 'data-card': id, 'data-testid': 'app-card' }, content, form.element);
  /** @type {Card | null} */
  let card = null;

  function startEditing() {
    if (!card) return;
    form.open(card);
    content.hidden = true;
  }

  function stopEditing() {
    content.hidden = false;
    edit.focus();
  }

  return {
    element,
    /** @param {Card} current */
    draw(current) {
      card = { ...current };
      setText(title, card.title);
      setText(text, card.text);
      text.hidden = card.text === '';
      handle.setAttribute('aria-label', `Move “${card.title}” with the arrow keys`);
      edit.setAttribute('aria-label', `Edit “${card.title}”`);
      archive.setAttribute('aria-label', `Archive “${card.title}”`);
    },
  };
}

/** Only the fields that were changed here are published: each has its own last writer.
 * @param {string} id @param {CardHooks['set']} set @param {() => void} onClose */
function mountForm(id, set, onClose) {
  const title = h('input', { 'aria-label': 'Title', 'maxlength': MAX_TITLE, 'required': true });
  const text = h('textarea', { 'aria-label': 'Text', 'maxlength': MAX_TEXT, 'rows': 3 });
  let before = { title: '', text: '' };

  function close() {
    element.hidden = true;
    onClose();
  }

  const element = h(
    'form',
    {
      hidden: true,
      onsubmit(/** @type {SubmitEvent} */ event) {
        event.preventDefault();
        if (title.value.trim() !== '' && title.value !== before.title) set(id, 'title', title.value.trim());
        if (text.value !== before.text) set(id, 'text', text.value);
        close();
      },
      onkeydown(/** @type {KeyboardEvent} */ event) {
        if (event.key === 'Escape') close();
      },
    },
    title,
    text,
    h('p', { class: 'card-commands' }, h('button', { type: 'submit' }, 'Save'), h('button', { type: 'button', class: 'secondary', onclick: close }, 'Cancel')),
  );
  return {
    element,
    /** @param {Card} card */
    open(card) {
      before = { title: card.title, text: card.text };
      title.value = card.title;
      text.value = card.text;
      element.hidden = false;
      title.focus();
      title.select();
    },
  };
}
