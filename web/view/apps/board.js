/**
 * The board: three columns of cards, moved by mouse, by touch or with the arrow keys.
 *
 * @typedef {import('../../apps/board.js').Card} Card
 * @typedef {import('../../session/apps/board.js').BoardModel} BoardModel
 */
import { COLUMNS, MAX_TITLE } from '../../apps/board.js';
import { h, setText } from '../dom.js';
import { CardView } from './card.js';
import { enableDragging } from './drag.js';

export class BoardView {
  /** @type {BoardModel | undefined} */
  #model;
  #showError;
  /** @type {Map<string, CardView>} */
  #cards = new Map();
  #columns = COLUMNS.map(({ id, name }) => mountColumn(id, name, (title) => this.#run((model) => model.add(id, title))));
  #undo = h('button', { type: 'button', class: 'secondary', onclick: () => this.#run((model) => model.undo()) }, 'Undo');
  /** @type {import('./card.js').CardHooks} */
  #hooks = {
    set: (id, field, value) => {
      this.#run((model) => model.set(id, field, value));
      if (field === 'archived') this.#undo.focus(); // the button is gone that had the focus
    },
    move: (id, key) => this.#run((model) => moveByKey(model, id, key)),
  };

  /** @param {(reason: string) => void} showError */
  constructor(showError) {
    this.#showError = showError;
    const columns = this.#columns.map(({ element }) => element);
    const lists = h('div', { 'class': 'board-columns', 'data-testid': 'app-board' }, ...columns);
    const hint = h('span', { class: 'hint' }, 'Drag a card, or focus its handle and press an arrow key.');
    this.element = h('div', { class: 'board' }, lists, h('p', { class: 'app-commands' }, this.#undo, hint));
    this.element.addEventListener('keydown', (event) => this.#onKeyDown(event));
    enableDragging(lists, (id, column, index) => this.#run((model) => model.move(id, column, index)));
  }

  /** @param {BoardModel} model */
  draw(model) {
    this.#model = model;
    this.#show();
  }

  /** @param {string} lost titles, a line each */
  insert(lost) {
    const [first] = COLUMNS;
    for (const title of lost.split('\n')) {
      this.#run((model) => model.add(first?.id ?? '', title.slice(0, MAX_TITLE)));
    }
  }

  /** Runs a command, and shows why it is not possible. @param {(model: BoardModel) => void} command */
  #run(command) {
    if (!this.#model?.isReady) return;
    try {
      command(this.#model);
      this.#showError('');
    } catch (error) {
      this.#showError(/** @type {Error} */ (error).message);
    }
    this.#show();
  }

  #show() {
    if (!this.#model) return;
    const focused = document.activeElement;
    const shown = this.#model.columns();
    const ids = new Set(shown.flatMap(({ cards }) => cards.map(({ id }) => id)));
    for (const [index, { cards }] of shown.entries()) {
      this.#columns[index]?.draw(cards.map((card) => this.#elementOf(card)), this.#model.isReady);
    }
    for (const [id, { element }] of this.#cards) if (!ids.has(id)) element.remove();
    for (const id of this.#cards.keys()) if (!ids.has(id)) this.#cards.delete(id);
    // An element that is moved loses the focus.
    if (focused instanceof HTMLElement && this.element.contains(focused)) focused.focus();
  }

  /** @param {Card} card */
  #elementOf(card) {
    const view = this.#cards.get(card.id) ?? new CardView(card.id, this.#hooks);
    this.#cards.set(card.id, view);
    view.draw(card);
    return view.element;
  }

  /** @param {KeyboardEvent} event */
  #onKeyDown(event) {
    const isField = event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement;
    if (isField || event.key.toLowerCase() !== 'z' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    this.#run((model) => model.undo());
  }
}

/** @param {BoardModel} model @param {string} id @param {string} key an arrow key */
function moveByKey(model, id, key) {
  const columns = model.columns();
  const columnIndex = columns.findIndex(({ cards }) => cards.some((card) => card.id === id));
  const from = columns[columnIndex];
  if (!from) return;
  const index = from.cards.findIndex((card) => card.id === id);
  if (key === 'ArrowUp' && index > 0) model.move(id, from.id, index - 1);
  if (key === 'ArrowDown' && index < from.cards.length - 1) model.move(id, from.id, index + 1);
  const to = columns[columnIndex + (key === 'ArrowRight' ? 1 : key === 'ArrowLeft' ? -1 : NaN)];
  if (to) model.move(id, to.id, Math.min(index, to.cards.length));
}

/** @param {string} id @param {string} name @param {(title: string) => void} onAdd */
function mountColumn(id, name, onAdd) {
  const size = h('span', { class: 'hint' });
  const list = h('ol', {});
  const input = h('input', {
    'aria-label': `New card in ${name}`,
    'placeholder': 'New card',
    'maxlength': MAX_TITLE,
    'autocomplete': 'off',
  });
  const form = h(
    'form',
    {
      onsubmit(/** @type {SubmitEvent} */ event) {
        event.preventDefault();
        const title = input.value.trim();
        input.value = '';
        if (title !== '') onAdd(title);
      },
    },
    input,
    h('button', { type: 'submit' }, 'Add'),
  );
  return {
    element: h('section', { 'data-column': id, 'aria-label': name }, h('h2', {}, name, ' ', size), list, form),
    /** @param {HTMLElement[]} elements @param {boolean} isReady */
    draw(elements, isReady) {
      for (const [index, element] of elements.entries()) {
        if (list.children[index] !== element) list.insertBefore(element, list.children[index] ?? null);
      }
      setText(size, String(elements.length));
      input.disabled = !isReady;
    },
  };
}
