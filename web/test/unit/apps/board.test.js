import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boardApp, columnsOf, MAX_CARDS, placeBefore } from '../../../apps/board.js';
import { BoardEditor } from '../../../apps/board-editor.js';
import { Replica } from '../../../apps/replica.js';
import { createServer } from './server.js';

function createBoards() {
  const server = createServer(10_000);
  return ['ana', 'ben'].map((name) => {
    let count = 0;
    /** @type {{ id: string, body: object }[]} */
    const outbox = [];
    const replica = new Replica(boardApp, {
      since: 0,
      nextId: () => `${name}-${++count}`,
      send: (id, body) => outbox.push({ id, body }),
      onLost() {},
    });
    const editor = new BoardEditor(replica);
    return {
      replica,
      editor,
      /** @param {string} title @param {string} [column] */
      add: (title, column = 'todo') => editor.make({ type: 'add', title, after: placeBefore(replica.state, column, Infinity) }),
      /** @param {string} card @param {string} column @param {number} [index] */
      move: (card, column, index = 0) => editor.make({ type: 'move', card, after: placeBefore(replica.state, column, index, card) }),
      send() {
        for (const { id, body } of outbox.splice(0)) server.publish(id, 'board', body);
      },
      receive() {
        const messages = server.history.slice(replica.version);
        replica.receive(messages, server.history.length);
        return editor.conflicts(messages, (id) => id.startsWith(name));
      },
      titles: () => columnsOf(replica.state).map(({ cards }) => cards.map(({ title }) => title)),
    };
  });
}

/** @param {ReturnType<typeof createBoards>} boards */
function exchange(boards) {
  for (const board of boards) board.send();
  return boards.map((board) => board.receive());
}

test('of two moves of one card the later one decides, and its loser is told', () => {
  const boards = createBoards();
  const [ana, ben] = /** @type {[typeof boards[0], typeof boards[0]]} */ (boards);
  const card = ana.add('slides');
  exchange(boards);
  ana.move(card, 'doing');
  ben.move(card, 'done');
  const [toAna, toBen] = exchange(boards);
  assert.deepEqual([ana.titles(), ben.titles()], [[[], [], ['slides']], [[], [], ['slides']]]);
  assert.deepEqual(toAna?.map(({ title, column }) => [title, column]), [['slides', 'Done']]);
  assert.deepEqual(toBen, []);
});

test('a card that is added below another one stays in its column when that one is moved', () => {
  const boards = createBoards();
  const [ana, ben] = /** @type {[typeof boards[0], typeof boards[0]]} */ (boards);
  const first = ana.add('first');
  exchange(boards);
  ana.move(first, 'done');
  ben.add('second');
  exchange(boards);
  assert.deepEqual(ana.titles(), [['second'], [], ['first']]);
  assert.deepEqual(ben.titles(), ana.titles());
});

test('fields have their last writers separately', () => {
  const boards = createBoards();
  const [ana, ben] = /** @type {[typeof boards[0], typeof boards[0]]} */ (boards);
  const card = ana.add('slides');
  exchange(boards);
  ana.editor.make({ type: 'set', card, field: 'title', value: 'Slides' });
  ben.editor.make({ type: 'set', card, field: 'text', value: 'by Monday' });
  exchange(boards);
  for (const { replica } of boards) {
    const { title, text } = replica.state.cards.get(card);
    assert.deepEqual([title, text], ['Slides', 'by Monday']);
  }
});

test('undo takes back a move, an edit, an archiving and an addition', () => {
  const boards = createBoards();
  const [ana] = /** @type {[typeof boards[0]]} */ (boards);
  const card = ana.add('slides');
  ana.add('other');
  ana.move(card, 'done');
  ana.editor.make({ type: 'set', card, field: 'title', value: 'Slides' });
  ana.editor.make({ type: 'set', card, field: 'archived', value: true });
  exchange(boards);
  assert.deepEqual(ana.titles(), [['other'], [], []]);
  const steps = [];
  while (ana.editor.undo()) {
    exchange(boards);
    steps.push(boards[1]?.titles());
  }
  assert.deepEqual(steps, [
    [['other'], [], ['Slides']],
    [['other'], [], ['slides']],
    [['slides', 'other'], [], []],
    [['slides'], [], []],
    [[], [], []],
  ]);
});

test('undo leaves what another client has changed since', () => {
  const boards = createBoards();
  const [ana, ben] = /** @type {[typeof boards[0], typeof boards[0]]} */ (boards);
  const card = ana.add('slides');
  exchange(boards);
  ana.move(card, 'doing');
  exchange(boards);
  ben.move(card, 'done');
  exchange(boards);
  ana.editor.undo(); // not the move: the card is no longer where it had put it
  exchange(boards);
  assert.deepEqual(ben.titles(), [[], [], []]);
  assert.equal(ana.editor.undo(), false);
});

test('a full board says so, and a snapshot has all of it', () => {
  const boards = createBoards();
  const [ana] = /** @type {[typeof boards[0]]} */ (boards);
  for (let count = 0; count < MAX_CARDS; count++) ana.add(`card ${count}`, 'done');
  assert.throws(() => ana.add('one more'), /full/);
  exchange(boards);
  const parts = ana.replica.snapshot('s');
  assert.ok(parts.length > 1);
  const restored = boardApp.load(parts.map(({ content }) => content));
  assert.deepEqual(columnsOf(restored), columnsOf(ana.replica.state));
});
