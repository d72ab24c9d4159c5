/**
 * The board: three columns of cards, moved by mouse, by touch or with the arrow keys.
 *
 * @typedef {import('../../apps/board.js').Card} Card
 * @typedef {import('../../session/apps/board.js').BoardModel} BoardModel
 */
import { COLUMNS, MAX_TITLE } from '../../apps/board.js';
import { h, setText } from '../dom.js';
import { mountCard } from './card.js';
import { enableDragging } from './drag.js';

/** @param {(reason: string) => void} showError */
export function mountBoard(showError) {
  /** @type {BoardModel | undefined} */
  let model;
  /** @type {Map<string, ReturnType<typeof mountCard>>} */
  const cards = new Map();

  /** Runs a command, and shows why it is not possible. @param {(model: BoardModel) => void} command */
  function run(command) {
    if (!model?.isReady) return;
    try {
      command(model);
      showError('');
    } catch (error) {
      showError(/** @type {Error} */ (error).message);
    }
    show();
  }

  /** @type {import('./card.js').CardHooks} */
  const hooks = {
    set(id, field, value) {
      run(({ set }) => set(id, field, value));
      if (field === 'archived') undo.focus(); // the button is gone that had the focus
    },
    move: (id, key) => run((current) => moveByKey(current, id, key)),
  };
  const columns = COLUMNS.map(({ id, name }) =>
    mountColumn(id, name, (title) => run(({ add }) => add(id, title))),
  );

  function show() {
    if (!model) return;
    const focused = document.activeElement;
    const shown = model.columns();
    const ids = new Set(shown.flatMap((column) => column.cards.map(({ id }) => id)));
    for (const [index, column] of shown.entries()) {
      columns[index]?.draw(column.cards.map((card) => elementOf(card)), model.isReady);
    }
    for (const [id, { element }] of cards) if (!ids.has(id)) element.remove();
    for (const id of cards.keys()) if (!ids.has(id)) cards.delete(id);
    // An element that is moved loses the focus.
    if (focused instanceof HTMLElement && focused.isConnected && element.contains(focused)) focused.focus();
  }

  /** @param {Card} card */
  function elementOf(card) {
    const mounted = cards.get(card.id) ?? mountCard(card.id, hooks);
    cards.set(card.id, mounted);
    mounted.draw(card);
    return mounted.element;
  }

  const undo = h('button', { type: 'button', class: 'secondary', onclick: () => run((one) => void one.undo()) }, 'Undo');
  const hint = h('span', { class: 'hint' }, 'Drag a card, or focus its handle and press an arrow key.');
  const lists = h('div', { 'class': 'board-columns', 'data-testid': 'app-board' }, ...columns.map((one) => one.element));
  const element = h('div', { class: 'board' }, lists, h('p', { class: 'app-commands' }, undo, hint));
  element.addEventListener('keydown', (event) => {
    const isField = event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement;
    if (isField || event.key.toLowerCase() !== 'z' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    run((one) => void one.undo());
  });
  enableDragging(lists, (id, column, index) => run(({ move }) => move(id, column, index)));

  return {
    element,
    /** @param {BoardModel} current */
    draw(current) {
      model = current;
      show();
    },
    /** @param {string} lost titles, a line each */
    insert(lost) {
      const [first] = COLUMNS;
      for (const title of lost.split('\n')) run(({ add }) => add(first?.id ?? '', title.slice(0, MAX_TITLE)));
    },
  };
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
