/**
 * The board of one client.
 *
 * @typedef {import('../../apps/board.js').Board} Board
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
import { createReplicaClient } from '../replica-client.js';

/** @param {Context} context */
export function createBoardModel(context) {
  const client = createReplicaClient(boardApp, context.author, context.since, {
    publish: (body, id) => context.publish('board', body, id),
    online: context.online,
    onLost: (changes) => offer(context, 'The card is gone, or the board is full', changes.map(contentOf)),
    onError: context.onNotice,
    onChange: context.onChange,
  });
  const { replica } = client;
  const editor = new BoardEditor(replica);
  const isOwn = (/** @type {string} */ id) => authorOf(id) === context.author;
  const columns = () => (replica.state ? columnsOf(replica.state) : []);

  return {
    columns,
    flush() {},
    /** @param {Update} update */
    receive(update) {
      client.receive(update);
      for (const conflict of editor.conflicts(update.messages, isOwn)) context.onNotice(conflictText(conflict));
    },
    /** @param {Gap} gap @param {number} since */
    skip({ reason }, since) {
      const cards = columns().flatMap((column) => column.cards);
      client.skipTo(since);
      if (reason !== 'truncated') {
        offer(context, 'The server has a new log, and these cards are not in it', cards.map(({ title }) => title));
      }
    },
    store: client.store,
    adopt: client.adopt,
    /** At the end of a column. @param {string} column @param {string} title */
    add: (column, title) => editor.make({ type: 'add', title, after: placeBefore(replica.state, column, Infinity) }),
    /** @param {string} card @param {string} column @param {number} index among its other cards */
    move: (card, column, index) =>
      editor.make({ type: 'move', card, after: placeBefore(replica.state, column, index, card) }),
    /** @param {string} card @param {Field} field @param {string | boolean} value */
    set: (card, field, value) => editor.make({ type: 'set', card, field, value }),
    undo: () => editor.undo(),
    /** @param {string} card */
    card: (card) => /** @type {Board | null} */ (replica.state)?.cards.get(card),
    get isReady() {
      return client.isReady;
    },
    get pending() {
      return replica.pending.length;
    },
    get version() {
      return replica.version;
    },
    get content() {
      return {
        cards: columns().flatMap(({ id: column, cards }) => cards.map(({ id, title, text }) => ({ id, column, title, text }))),
      };
    },
  };
}

/** What a change would have written. @param {Change} change */
function contentOf(change) {
  if (change.type === 'add') return change.title;
  return change.type === 'set' && typeof change.value === 'string' ? change.value : '';
}

/** @param {Context} context @param {string} reason @param {string[]} lines */
function offer({ onOffer }, reason, lines) {
  const text = lines.filter((line) => line !== '').join('\n');
  if (text !== '') onOffer({ reason, text });
}

/** @param {Conflict} conflict */
function conflictText({ name, change, title, column }) {
  const author = name || 'Another page';
  if (change.type === 'move') return `${author} moved “${title}” to ${column} after you had moved it`;
  if (change.type === 'set' && change.field !== 'archived') return `${author} changed the ${change.field} of “${title}” after you`;
  return `${author} archived or restored “${title}” after you`;
}

/** @typedef {ReturnType<typeof createBoardModel>} BoardModel */
