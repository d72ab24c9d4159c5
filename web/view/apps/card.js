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

export class CardView {
  /** @type {Card | null} */
  #card = null;
  #title = h('strong');
  #text = h('p');
  #handle;
  #edit;
  #archive;
  #content;
  #form;

  /** @param {string} id @param {CardHooks} hooks */
  constructor(id, { set, move }) {
    this.#handle = h('button', { type: 'button', class: 'handle secondary', onkeydown: onArrow((key) => move(id, key)) }, '⠿');
    this.#edit = commandButton('Edit', () => this.#startEditing());
    this.#archive = commandButton('Archive', () => set(id, 'archived', true));
    const commands = h('p', { class: 'card-commands' }, this.#edit, this.#archive);
    this.#content = h('div', { class: 'card-content' }, this.#handle, this.#title, this.#text, commands);
    this.#form = new CardForm(
      (field, value) => set(id, field, value),
      () => this.#stopEditing(),
    );
    const attributes = { 'class': 'card', 'data-card': id, 'data-testid': 'app-card' };
    this.element = h('li', attributes, this.#content, this.#form.element);
  }

  /** @param {Card} card */
  draw(card) {
    this.#card = { ...card };
    setText(this.#title, card.title);
    setText(this.#text, card.text);
    this.#text.hidden = card.text === '';
    this.#handle.setAttribute('aria-label', `Move “${card.title}” with the arrow keys`);
    this.#edit.setAttribute('aria-label', `Edit “${card.title}”`);
    this.#archive.setAttribute('aria-label', `Archive “${card.title}”`);
  }

  #startEditing() {
    if (!this.#card) return;
    this.#form.open(this.#card);
    this.#content.hidden = true;
  }

  #stopEditing() {
    this.#content.hidden = false;
    this.#edit.focus();
  }
}

/** @param {string} name @param {() => void} onclick */
const commandButton = (name, onclick) => h('button', { type: 'button', class: 'secondary', onclick }, name);

/** @param {(key: string) => void} onKey */
function onArrow(onKey) {
  return (/** @type {KeyboardEvent} */ event) => {
    if (!event.key.startsWith('Arrow')) return;
    event.preventDefault();
    onKey(event.key);
  };
}

/** Publishes only the fields that were changed here: each has its own last writer. */
class CardForm {
  #title = h('input', { 'aria-label': 'Title', 'maxlength': MAX_TITLE, 'required': true });
  #text = h('textarea', { 'aria-label': 'Text', 'maxlength': MAX_TEXT, 'rows': 3 });
  #before = { title: '', text: '' };
  #set;
  #onClose;

  /** @param {(field: Field, value: string) => void} set @param {() => void} onClose */
  constructor(set, onClose) {
    this.#set = set;
    this.#onClose = onClose;
    const close = () => this.#close();
    this.element = h(
      'form',
      {
        hidden: true,
        onsubmit: (/** @type {SubmitEvent} */ event) => this.#submit(event),
        onkeydown: (/** @type {KeyboardEvent} */ event) => event.key === 'Escape' && close(),
      },
      this.#title,
      this.#text,
      h('p', { class: 'card-commands' }, h('button', { type: 'submit' }, 'Save'), commandButton('Cancel', close)),
    );
  }

  /** @param {Card} card */
  open({ title, text }) {
    this.#before = { title, text };
    this.#title.value = title;
    this.#text.value = text;
    this.element.hidden = false;
    this.#title.focus();
    this.#title.select();
  }

  /** @param {SubmitEvent} event */
  #submit(event) {
    event.preventDefault();
    const title = this.#title.value.trim();
    const { value: text } = this.#text;
    if (title !== '' && title !== this.#before.title) this.#set('title', title);
    if (text !== this.#before.text) this.#set('text', text);
    this.#close();
  }

  #close() {
    this.element.hidden = true;
    this.#onClose();
  }
}
