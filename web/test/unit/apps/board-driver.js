/**
 * Editing a board at random, and its fold, written a second time: arrays that are searched, and
 * no tombstone is ever dropped.
 *
 * @typedef {import('../../../model/types.js').Message} Message
 * @typedef {import('./random.js').Random} Random
 * @typedef {import('./simulation.js').Client} Client
 * @typedef {import('./simulation.js').Driver} Driver
 * @typedef {{ id: string, card: string, isCurrent: boolean }} Place
 * @typedef {{ id: string, title: string, text: string, archived: boolean }} Card
 */
import { boardApp, columnsOf, placeBefore } from '../../../apps/board.js';
import { Replica } from '../../../apps/replica.js';

const COLUMNS = ['todo', 'doing', 'done'];

/** @type {Driver} */
export const boardDriver = {
  Replica,
  app: boardApp,
  createEditor: () => null,
  act,
  refresh() {},
  flush() {},
};

/** @param {Client} client @param {Random} random */
function act({ replica, clock }, random) {
  const board = replica.state;
  const cards = [...board.cards.keys()];
  const card = cards[random.below(cards.length)];
  const column = COLUMNS[random.below(3)] ?? '';
  const action = random.next();
  const index = random.below(5);
  if (!card || action < 0.3) send({ type: 'add', after: placeBefore(board, column, index), title: `card ${clock}` });
  else if (action < 0.8) send({ type: 'move', card, after: placeBefore(board, column, index, card) });
  else if (action < 0.95) send({ type: 'set', card, field: 'title', value: `title ${clock}` });
  else send({ type: 'set', card, field: 'archived', value: random.chance(0.7) });

  /** @param {any} change */
  function send(change) {
    replica.transmit(replica.add(change));
  }
}

/** What a board shows, for comparison. @param {any} board */
export function shownOf(board) {
  return columnsOf(board).map(({ id, cards }) => ({ id, cards: cards.map((card) => `${card.id} ${card.title}`) }));
}

/** @param {Message[]} history @param {number} maxAge @param {any[]} pending */
export function foldBoard(history, maxAge, pending = []) {
  let state = emptyFold();
  for (const { kind, version, body } of history) {
    const { type, base } = /** @type {any} */ (body);
    if (kind !== 'board') continue;
    if (type === 'start') state = emptyFold();
    if (type === 'change' && version - base <= maxAge) applyTo(state, body);
  }
  for (const entry of pending) applyTo(state, entry);
  return COLUMNS.map((id) => ({ id, cards: cardsOf(state, id) }));
}

function emptyFold() {
  /** @type {Place[]} */
  const places = COLUMNS.map((id) => ({ id, card: id, isCurrent: true }));
  return { places, cards: /** @type {Card[]} */ ([]) };
}

/** @param {ReturnType<typeof emptyFold>} state @param {any} body */
function applyTo({ places, cards }, { run, change }) {
  const card = cards.find(({ id }) => id === change.card);
  const after = places.findIndex(({ id }) => id === change.after);
  const isKnown = places.some(({ id }) => id === `${run}.0`);
  if (change.type === 'set' && card) Object.assign(card, { [change.field]: change.value });
  if (change.type === 'add' && after >= 0 && !isKnown) {
    cards.push({ id: run, title: change.title, text: '', archived: false });
    places.splice(after + 1, 0, { id: `${run}.0`, card: run, isCurrent: true });
  }
  if (change.type === 'move' && after >= 0 && card && !isKnown) {
    for (const place of places) if (place.card === card.id) place.isCurrent = false;
    places.splice(after + 1, 0, { id: `${run}.0`, card: card.id, isCurrent: true });
  }
}

/** @param {ReturnType<typeof emptyFold>} state @param {string} column */
function cardsOf({ places, cards }, column) {
  const from = places.findIndex(({ id }) => id === column);
  const next = places.findIndex(({ id }, index) => index > from && COLUMNS.includes(id));
  const within = places.slice(from + 1, next < 0 ? Infinity : next).filter(({ isCurrent }) => isCurrent);
  return within.flatMap(({ card: id }) => {
    const card = cards.find((one) => one.id === id);
    return card && !card.archived ? `${card.id} ${card.title}` : [];
  });
}
