/**
 * The board: one list for all columns. The columns are elements that stay, and a card belongs to
 * the column before it. To move a card is to insert a new place for it and to delete its old one,
 * so the last move in the log decides. A field has the value that was set last.
 *
 * Source: M. Kleppmann, "Moving elements in list CRDTs" (2020), for the places.
 *
 * @typedef {'title' | 'text' | 'archived'} Field
 *
 * @typedef {{ type: 'add', after: string, title: string }
 *   | { type: 'move', card: string, after: string }
 *   | { type: 'set', card: string, field: Field, value: string | boolean }} Change
 *   `after` is the id of a place.
 *
 * @typedef {object} Card
 * @property {string} id
 * @property {string} title
 * @property {string} text
 * @property {boolean} archived
 * @property {string} place the id of its element
 *
 * @typedef {{ places: List<string>, cards: Map<string, Card> }} Board
 *   The value of a place is the id of a card, or of a column.
 */
import { List } from './list.js';

export const COLUMNS = [
  { id: 'todo', name: 'To do' },
  { id: 'doing', name: 'Doing' },
  { id: 'done', name: 'Done' },
];

/** Most cards of a board, with archived ones. */
export const MAX_CARDS = 1000;

/** Longest title and text of a card, in UTF-16 units. */
export const MAX_TITLE = 200;
export const MAX_TEXT = 4000;

/** Size of a part of a snapshot, in UTF-16 units of JSON; at most three times as many bytes. */
const PART_SIZE = 15_000;

/** @type {import('./mergeable.js').App} */
export const boardApp = {
  kind: 'board',
  create,
  isChange,
  apply,
  rebase,
  runsOf: ({ card = '', after = '' }) => [card, after.slice(0, -placeOf('').length)],
  purge: (/** @type {Board} */ { places }, version) => places.purge(version),
  save,
  load,
};

/** @returns {Board} */
function create() {
  /** @type {List<string>} */
  const places = new List();
  let previous = places.start;
  for (const { id } of COLUMNS) previous = places.insert(previous, id, id);
  return { places, cards: new Map() };
}

/** @param {any} change */
function isChange(change) {
  switch (change?.type) {
    case 'add':
      return typeof change.after === 'string' && isText(change.title, MAX_TITLE);
    case 'move':
      return typeof change.after === 'string' && typeof change.card === 'string';
    case 'set':
      return typeof change.card === 'string' && isValueOf(change.field, change.value);
    default:
      return false;
  }
}

/** @param {unknown} field @param {unknown} value */
function isValueOf(field, value) {
  if (field === 'archived') return typeof value === 'boolean';
  return (field === 'title' && isText(value, MAX_TITLE)) || (field === 'text' && isText(value, MAX_TEXT));
}

/** @param {unknown} value @param {number} length */
const isText = (value, length) => typeof value === 'string' && value.length <= length;

/** @param {string} run */
const placeOf = (run) => `${run}.0`;

/** @param {Board} board @param {Change} change @param {string} run @param {number} version */
function apply(board, change, run, version) {
  switch (change.type) {
    case 'add':
      return add(board, change, run);
    case 'move':
      return move(board, change, run, version);
    case 'set':
      return set(board, change);
  }
}

/** @param {Board} board @param {Change & { type: 'add' }} change @param {string} run */
function add({ places, cards }, { after, title }, run) {
  const previous = places.get(after);
  if (!previous || cards.has(run) || cards.size >= MAX_CARDS) return null;
  const place = places.insert(previous, placeOf(run), run);
  cards.set(run, { id: run, title, text: '', archived: false, place: place.id });
  return () => {
    cards.delete(run);
    places.remove(place);
  };
}

/** @param {Board} board @param {Change & { type: 'move' }} change @param {string} run
 *  @param {number} version */
function move({ places, cards }, { card: id, after }, run, version) {
  const card = cards.get(id);
  const previous = places.get(after);
  const former = card && places.get(card.place);
  if (!card || !former || !previous || places.get(placeOf(run))) return null;
  const place = places.insert(previous, placeOf(run), id);
  places.delete(former, version);
  card.place = place.id;
  return () => {
    card.place = former.id;
    places.restore(former);
    places.remove(place);
  };
}

/** @param {Board} board @param {Change & { type: 'set' }} change */
function set({ cards }, { card: id, field, value }) {
  const card = cards.get(id);
  if (!card) return null;
  const { [field]: former } = card;
  Object.assign(card, { [field]: value });
  return () => Object.assign(card, { [field]: former });
}

/** @param {Board} board @param {Change} change @param {string} run */
function rebase({ places, cards }, change, run) {
  if (change.type === 'set') return cards.has(change.card) ? change : 'impossible';
  if (places.get(placeOf(run))) return 'confirmed';
  if (change.type === 'move' && !cards.has(change.card)) return 'impossible';
  if (change.type === 'add' && cards.size >= MAX_CARDS) return 'impossible';
  const after = places.get(change.after);
  return after ? { ...change, after: places.visibleAt(after).id } : 'impossible';
}

/** @param {Board} board */
function save({ places, cards }) {
  const rows = [
    ...places.all().map(({ id, value, deletedAt }) => ['place', id, value, deletedAt]),
    ...[...cards.values()].map(({ id, title, text, archived, place }) => ['card', id, title, text, archived, place]),
  ];
  /** @type {any[][]} */
  const parts = [[]];
  let size = 0;
  for (const row of rows) {
    const { length } = JSON.stringify(row);
    if (size + length > PART_SIZE) parts.push([]);
    size = size + length > PART_SIZE ? length : size + length;
    parts.at(-1)?.push(row);
  }
  return parts;
}

/** @param {any[][]} parts @returns {Board} */
function load(parts) {
  /** @type {List<string>} */
  const places = new List();
  const cards = new Map();
  let previous = places.start;
  for (const [type, id, ...rest] of parts.flat()) {
    if (type === 'card') {
      const [title, text, archived, place] = rest;
      cards.set(id, { id, title, text, archived, place });
    } else {
      const [value, deletedAt] = rest;
      previous = places.insert(previous, id, value);
      if (deletedAt) places.delete(previous, deletedAt);
    }
  }
  places.tombstones.sort((a, b) => a.deletedAt - b.deletedAt);
  return { places, cards };
}

/** The columns with their cards, in order; without archived ones. @param {Board} board */
export function columnsOf({ places, cards }) {
  const columns = COLUMNS.map((column) => ({ ...column, cards: /** @type {Card[]} */ ([]) }));
  let current = columns[0];
  for (const { value } of places.visible()) {
    const card = cards.get(value);
    if (!card) current = columns.find(({ id }) => id === value);
    else if (!card.archived) current?.cards.push(card);
  }
  return columns;
}

/** The place after which a card is at an index of a column. @param {Board} board
 * @param {string} column @param {number} index among the other cards of the column
 * @param {string} [moved] the card that is moved there */
export function placeBefore(board, column, index, moved) {
  const cards = columnsOf(board).find(({ id }) => id === column)?.cards ?? [];
  const others = cards.filter(({ id }) => id !== moved);
  return others[Math.min(index, others.length) - 1]?.place ?? column;
}
