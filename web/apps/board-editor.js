/**
 * Editing a board: changes of this client, undo, and what others have changed at the same time.
 *
 * @typedef {import('../model/types.js').Message} Message
 * @typedef {import('./board.js').Board} Board
 * @typedef {import('./board.js').Change} Change
 * @typedef {import('./replica.js').Replica} Replica
 * @typedef {{ name: string, change: Change, title: string, column: string }} Conflict
 *   Another client has replaced a change of this one, which it had not seen.
 */
import { columnsOf } from './board.js';

/** So many changes can be undone. */
const MAX_UNDO = 200;

export class BoardEditor {
  #replica;
  /** What undoes the changes of this client. @type {(() => Change | null)[]} */
  #undoStack = [];
  /** When the log accepted the last change of this client to something. @type {Map<string, number>} */
  #ownVersions = new Map();

  /** @param {Replica} replica */
  constructor(replica) {
    this.#replica = replica;
  }

  /** Makes a change. @param {Change} change @returns {string} the id of a card that it adds */
  make(change) {
    const inverse = inverseOf(this.#replica, change);
    const run = this.#send(change);
    this.#undoStack.push(() => inverse(run));
    if (this.#undoStack.length > MAX_UNDO) this.#undoStack.shift();
    return run;
  }

  /** Takes back the last own change that can be taken back. @returns {boolean} whether one was */
  undo() {
    for (let next = this.#undoStack.pop(); next; next = this.#undoStack.pop()) {
      const change = next();
      if (change) this.#send(change);
      if (change) return true;
    }
    return false;
  }

  /** @param {Message[]} messages that were applied @param {(id: string) => boolean} isOwn
   *  @returns {Conflict[]} */
  conflicts(messages, isOwn) {
    return messages.flatMap(({ id, version, sender, kind, body }) => {
      const { type, base, change } = /** @type {any} */ (body) ?? {};
      if (kind !== 'board' || type !== 'change' || !change?.card) return [];
      const subject = subjectOf(change);
      if (isOwn(id)) this.#ownVersions.set(subject, version);
      else if (base < (this.#ownVersions.get(subject) ?? 0)) return conflictOf(this.#replica.state, sender, change);
      return [];
    });
  }

  /** @param {Change} change */
  #send(change) {
    const entry = this.#replica.add(change);
    if (entry.undo === null) {
      this.#replica.drop();
      throw new Error('There is no place for this: the board is full, or the card is gone');
    }
    this.#replica.transmit(entry);
    return entry.run;
  }
}

/** What a change is about: two changes of it exclude each other. @param {any} change */
const subjectOf = ({ card, field = 'place' }) => `${card} ${field}`;

/** @param {Board} board @param {string} name @param {Change} change @returns {Conflict[]} */
function conflictOf(board, name, change) {
  if (change.type === 'add') return [];
  const card = board?.cards.get(change.card);
  const column = columnsOf(board).find(({ cards }) => cards.some(({ id }) => id === change.card));
  return card ? [{ name, change, title: card.title, column: column?.name ?? '' }] : [];
}

/** What takes a change back, as far as it is still there. @param {Replica} replica
 * @param {Change} change @returns {(run: string) => Change | null} */
function inverseOf(replica, change) {
  const board = () => /** @type {Board} */ (replica.state);
  if (change.type === 'add') {
    return (card) => (board().cards.has(card) ? { type: 'set', card, field: 'archived', value: true } : null);
  }
  const { card: id } = change;
  const before = board().cards.get(id);
  if (change.type === 'set') {
    const { field, value } = change;
    const former = before?.[field] ?? '';
    return () => (board().cards.get(id)?.[field] === value ? { type: 'set', card: id, field, value: former } : null);
  }
  const former = before?.place ?? '';
  return (run) => {
    const { places, cards } = board();
    const place = places.get(former);
    const isOwnPlace = cards.get(id)?.place === `${run}.0`;
    return place && isOwnPlace ? { type: 'move', card: id, after: places.visibleAt(place).id } : null;
  };
}
