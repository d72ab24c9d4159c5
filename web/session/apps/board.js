/**
 * The board of one client.
 *
 * @typedef {import('../../apps/board.js').Board} Board
 * @typedef {import('../../apps/board.js').Card} Card
 * @typedef {import('../../apps/board.js').Change} Change
 * @typedef {import('../../apps/board.js').Field} Field
 * @typedef {import('../../apps/board-editor.js').Conflict} Conflict
 * @typedef {import('../../model/types.js').Gap} Gap
 * @typedef {import('./context.js').Context} Context
 * @typedef {import('./context.js').Update} Update
 */
import { boardApp, columnsOf, placeBefore } from '../../apps/board.js';
import { BoardEditor } from '../../apps/board-editor.js';
import { authorOf } from '../../apps/chat.js';
import { ReplicaModel } from './replica-model.js';

export class BoardModel extends ReplicaModel {
  #editor;

  /** @param {Context} context */
  constructor(context) {
    super(boardApp, context, {
      onLost: (changes) => this.#offerLines('The card is gone, or the board is full', changes.map(contentOf)),
      onChange: context.onChange,
    });
    this.#editor = new BoardEditor(this.client.replica);
  }

  /** @returns {Board | null} */
  get #board() {
    return this.client.replica.state;
  }

  get content() {
    const cardsIn = (/** @type {string} */ column, /** @type {Card[]} */ cards) =>
      cards.map(({ id, title, text }) => ({ id, column, title, text }));
    return { cards: this.columns().flatMap(({ id, cards }) => cardsIn(id, cards)) };
  }

  columns() {
    return this.#board ? columnsOf(this.#board) : [];
  }

  /** @param {Update} update */
  receive(update) {
    const isOwn = (/** @type {string} */ id) => authorOf(id) === this.context.author;
    this.client.receive(update);
    for (const conflict of this.#editor.conflicts(update.messages, isOwn)) {
      this.context.onNotice(conflictText(conflict));
    }
  }

  /** @param {Gap} gap @param {number} since */
  skip({ reason }, since) {
    const titles = this.columns().flatMap(({ cards }) => cards.map(({ title }) => title));
    this.client.skipTo(since);
    if (reason !== 'truncated') this.#offerLines('The server has a new log, and these cards are not in it', titles);
  }

  /** Every change is sent at once. */
  flush() {}

  /** Adds a card at the end of a column. @param {string} column @param {string} title */
  add(column, title) {
    this.#make({ type: 'add', title, after: this.#placeAt(column, Infinity) });
  }

  /** @param {string} card @param {string} column @param {number} index among its other cards */
  move(card, column, index) {
    this.#make({ type: 'move', card, after: this.#placeAt(column, index, card) });
  }

  /** @param {string} card @param {Field} field @param {string | boolean} value */
  set(card, field, value) {
    this.#make({ type: 'set', card, field, value });
  }

  undo() {
    this.#editor.undo();
    this.context.onChange();
  }

  /** @param {string} column @param {number} index @param {string} [moved] */
  #placeAt(column, index, moved) {
    return this.#board ? placeBefore(this.#board, column, index, moved) : column;
  }

  /** @param {string} reason @param {string[]} lines */
  #offerLines(reason, lines) {
    this.offer(reason, lines.filter((line) => line !== '').join('\n'));
  }

  /** @param {Change} change */
  #make(change) {
    this.#editor.make(change);
    this.context.onChange();
  }
}

/** What a change would have written. @param {Change} change */
function contentOf(change) {
  if (change.type === 'add') return change.title;
  return change.type === 'set' && typeof change.value === 'string' ? change.value : '';
}

/** @param {Conflict} conflict */
function conflictText({ name, change, title, column }) {
  const author = name || 'Another page';
  if (change.type === 'move') return `${author} moved “${title}” to ${column} after you had moved it`;
  if (change.type === 'set' && change.field !== 'archived') return `${author} changed the ${change.field} of “${title}” after you`;
  return `${author} archived or restored “${title}” after you`;
}
