import assert from 'node:assert/strict';
import { test } from 'node:test';
import { documentApp, textOf } from '../../../apps/document.js';
import { Editor } from '../../../apps/editor.js';
import { MAX_AGE, Replica } from '../../../apps/replica.js';
import { replacementOf } from '../../../apps/text-diff.js';
import { createServer } from './server.js';

/** Clients of one server, connected by hand. */
function createNetwork() {
  const server = createServer(10_000);
  /** @param {string} name @param {number} [since] */
  function join(name, since = 0) {
    let count = 0;
    /** @type {{ id: string, body: object }[]} */
    const outbox = [];
    /** @type {any[]} */
    const lost = [];
    const replica = new Replica(documentApp, {
      since,
      nextId: () => `${name}-${++count}`,
      send: (id, body) => outbox.push({ id, body }),
      onLost: (changes) => lost.push(...changes),
    });
    const editor = new Editor(replica);
    editor.refresh();
    const receive = () => {
      const { history } = server;
      replica.receive(history.slice(replica.version), history.length);
      editor.refresh();
    };
    const send = () => {
      editor.flush();
      for (const { id, body } of outbox.splice(0)) replica.acknowledge(id, server.publish(id, 'document', body));
    };
    /** @param {string} text @param {number} [at] @param {number} [now] */
    const type = (text, at = editor.shown.length, now = 0) => editor.replace(at, at, text, now);
    return { replica, editor, outbox, lost, receive, send, type, nextId: () => `${name}-${++count}` };
  }
  return { server, join };
}

/** Two clients that share a text. @param {string} text */
function pair(text) {
  const { server, join } = createNetwork();
  const [ana, ben] = [join('ana'), join('ben')];
  ana.type(text);
  ana.send();
  for (const client of [ana, ben]) client.receive();
  return { server, join, ana, ben };
}

/** @param {ReturnType<typeof pair>['ana'][]} clients */
function exchange(...clients) {
  for (const client of clients) client.send();
  for (const client of clients) client.receive();
}

// The smallest counter-examples of the broken variants in variants.js.

test('an insert after a character that is deleted at the same time stays', () => {
  const { ana, ben } = pair('ab');
  ana.editor.replace(0, 1, '', 0);
  ben.type('X', 1);
  exchange(ana, ben);
  assert.deepEqual([ana.editor.text, ben.editor.text], ['Xb', 'Xb']);
});

test('a pending change stays on the screen when a message arrives', () => {
  const { ana, ben } = pair('a');
  ana.type('b');
  ben.type('c');
  ben.send();
  ana.receive();
  assert.equal(ana.editor.text, 'abc');
  exchange(ana, ben);
  assert.equal(ben.editor.text, 'abc');
});

test('two typists at one place: their runs do not interleave', () => {
  const { ana, ben } = pair('-');
  for (const letter of 'ana') {
    ana.type(letter);
    ana.send();
  }
  for (const letter of 'ben') {
    ben.type(letter);
    ben.send();
  }
  exchange(ana, ben);
  assert.equal(ana.editor.text, '-benana');
  assert.equal(ben.editor.text, ana.editor.text);
});

test('undo takes back own changes only, and redo makes them again', () => {
  const { ana, ben } = pair('base ');
  ana.type('ana ', 5, 10_000);
  exchange(ana, ben);
  ben.type('ben ', 9, 10_000);
  exchange(ana, ben);
  assert.equal(ana.editor.text, 'base ana ben ');
  ana.editor.undo();
  exchange(ana, ben);
  assert.equal(ben.editor.text, 'base ben ');
  ana.editor.undo();
  assert.equal(ana.editor.text, 'ben ');
  ana.editor.redo();
  ana.editor.redo();
  exchange(ana, ben);
  assert.deepEqual([ana.editor.text, ben.editor.text], ['base ana ben ', 'base ana ben ']);
});

test('undo brings back what a selection was replaced with, and what it held', () => {
  const { ana, ben } = pair('one two three');
  ana.editor.replace(4, 7, '2', 20_000);
  exchange(ana, ben);
  assert.equal(ben.editor.text, 'one 2 three');
  ana.editor.undo();
  exchange(ana, ben);
  assert.equal(ben.editor.text, 'one two three');
});

test('what is typed in a burst is one change, and a correction in it costs nothing', () => {
  const { ana } = pair('');
  for (const letter of 'wrond') ana.type(letter);
  ana.editor.replace(4, 5, '', 0);
  ana.type('g');
  ana.editor.flush();
  assert.equal(ana.outbox.length, 1);
  assert.match(JSON.stringify(ana.outbox), /"insert":"wrong"/);
});

test('what is typed and deleted before it was sent is not sent at all', () => {
  const { ana } = pair('');
  ana.type('x');
  ana.editor.replace(0, 1, '', 0);
  ana.editor.flush();
  assert.deepEqual([ana.outbox.length, ana.replica.pending.length], [0, 0]);
});

test('a change that is older than MAX_AGE is made again, at the same place', () => {
  const { server, ana, ben } = pair('ab');
  ana.type('X', 1);
  ana.editor.flush();
  for (let count = 0; count <= MAX_AGE; count++) server.publish(`other-${count}`, 'chat', '');
  exchange(ana, ben);
  assert.equal(ben.editor.text, 'ab');
  exchange(ana, ben);
  assert.deepEqual([ana.editor.text, ben.editor.text], ['aXb', 'aXb']);
});

test('a client that comes late starts from a snapshot, and changes go on after it', () => {
  const { server, join, ana, ben } = pair('👩‍👩‍👧 é\n'.repeat(3000));
  ben.editor.replace(0, 3, '', 0);
  exchange(ana, ben);
  const parts = ana.replica.snapshot('s');
  assert.ok(parts.length > 1 && parts.every((part) => JSON.stringify(part).length < 20_000));
  for (const part of parts) server.publish(ana.nextId(), 'document', part);
  ben.type('end');
  exchange(ana, ben);
  const late = join('late', 2);
  late.receive();
  assert.equal(late.editor.text, ana.editor.text);
  late.type('!');
  exchange(late, ana, ben);
  assert.equal(ben.editor.text, late.editor.text);
});

test('a snapshot of a time before the own first message is not used', () => {
  const { server, join, ana } = pair('abc');
  for (const part of ana.replica.snapshot('s')) server.publish(ana.nextId(), 'document', part);
  const late = join('late', 2);
  late.receive();
  assert.equal(late.replica.state, null);
});

test('a document that is started anew is empty for all, and pending changes are reported', () => {
  const { server, ana, ben } = pair('abc');
  ben.type('X', 1);
  server.publish('other-1', 'document', { type: 'start' });
  ana.receive();
  ben.receive();
  assert.deepEqual([ana.editor.text, ben.editor.text], ['', '']);
  assert.deepEqual(ben.lost.map(({ insert }) => insert), ['X']);
});

test('a caret stays beside its character', () => {
  const { ana, ben } = pair('abcdef');
  const caret = ana.editor.anchorAt(3);
  ben.type('12345', 0);
  ben.editor.replace(7, 8, '', 0);
  exchange(ana, ben);
  assert.equal(ana.editor.text, '12345abdef');
  assert.equal(ana.editor.indexOf(caret), 7);
});

test('an input is where its user saw it, although a message has arrived in between', () => {
  const { ana, ben } = pair('abc');
  const seen = ana.editor.shown;
  ben.type('12345', 0);
  ben.send();
  ana.receive();
  const caret = ana.editor.replace(1, 2, 'X', 0, seen);
  assert.equal(ana.editor.text, '12345aXc');
  assert.equal(ana.editor.indexOf(caret), 7);
  const afterDeletion = ana.editor.replace(5, 7, '', 0);
  assert.deepEqual([ana.editor.text, ana.editor.indexOf(afterDeletion)], ['12345c', 5]);
});

test('messages that are no valid changes have no effect', () => {
  const { server, ana } = pair('abc');
  const bodies = [
    null, 'text', {}, { type: 'change' }, { type: 'change', base: 0, run: '', change: { delete: [], after: '', insert: 'x' } },
    { type: 'change', base: 0, run: 'r', change: { delete: [['ana-1', 0, 1e9]], after: '', insert: '' } },
    { type: 'change', base: 0, run: 'r', change: { delete: [['ana-1', -1, 1]], after: '', insert: '' } },
    { type: 'change', base: 0, run: 'ana-1', change: { delete: [], after: '', insert: 'again' } },
    { type: 'change', base: 0, run: 'r', change: { delete: [], after: 'nowhere.0', insert: 'x' } },
    { type: 'snapshot', name: 's', through: 1, part: 5, parts: 2, content: [] },
  ];
  for (const [index, body] of bodies.entries()) server.publish(`bad-${index}`, 'document', body);
  ana.receive();
  assert.equal(ana.editor.text, 'abc');
});

test('line breaks are one character, and half of a surrogate pair is replaced', () => {
  const { ana } = pair('');
  ana.type('a\r\nb\rc\ud800d👍');
  assert.equal(ana.editor.text, 'a\nb\nc\ufffdd👍');
  assert.equal(ana.editor.shown.length, 8);
});

test('the list is bounded after a day: tombstones of the last MAX_AGE versions, and no more', () => {
  const { ana } = pair('');
  for (let change = 0; change < 20_000; change++) {
    if (ana.editor.shown.length > 20) ana.editor.replace(0, 5, '', change * 1000);
    else ana.type('words', undefined, change * 1000);
    ana.send();
    ana.receive();
  }
  const { elements, tombstones } = ana.replica.state;
  assert.ok(elements.size < 20 + 5 * MAX_AGE, `${elements.size} elements`);
  assert.equal(elements.size, ana.editor.shown.length + tombstones.length + 1);
  assert.equal(textOf(ana.replica.state), ana.editor.text);
});

test('an input is found next to the caret, and never inside a surrogate pair', () => {
  assert.deepEqual(replacementOf('aaa', 'aaaa', 2), { start: 1, end: 1, text: 'a' });
  assert.deepEqual(replacementOf('abc', 'abXc', 3), { start: 2, end: 2, text: 'X' });
  assert.deepEqual(replacementOf('abc', 'ac', 1), { start: 1, end: 2, text: '' });
  assert.deepEqual(replacementOf('abc', 'xyz', 3), { start: 0, end: 3, text: 'xyz' });
  assert.deepEqual(replacementOf('a👍b', 'a👎b', 3), { start: 1, end: 3, text: '👎' });
  assert.deepEqual(replacementOf('👍👍', '👍', 2), { start: 2, end: 4, text: '' });
  assert.deepEqual(replacementOf('ab', 'ab', 0), { start: 0, end: 0, text: '' });
});
