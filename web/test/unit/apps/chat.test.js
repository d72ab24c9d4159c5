import assert from 'node:assert/strict';
import { test } from 'node:test';
import { authorOf, Chat, MAX_LINES, splitLinks, TYPING_MS } from '../../../apps/chat.js';
import { message } from '../fixtures.js';

test('an own line is sending, sent, in the log, and delivered', () => {
  const chat = new Chat('ana');
  chat.add('ana-1', 'Ana', 'hello');
  assert.deepEqual(chat.lines.map(({ version, isSent }) => [version, isSent]), [[null, false]]);
  chat.acknowledge('ana-1');
  assert.deepEqual(chat.lines.map(({ version, isSent }) => [version, isSent]), [[null, true]]);
  chat.receive([message(7, { id: 'ana-1', sender: 'Ana', body: 'hello' })], 0);
  assert.deepEqual(chat.lines.map(({ version, isOwn, text }) => [version, isOwn, text]), [[7, true, 'hello']]);
  const [line] = chat.lines;
  assert.ok(line);
  chat.receive([message(8, { id: 'ben-1', kind: 'received', body: 6 })], 0);
  assert.equal(chat.deliveredTo(line), 0);
  const receipts = ['ben-2', 'cem-1', 'ana-2'].map((id, index) => message(9 + index, { id, kind: 'received', body: 7 }));
  chat.receive(receipts, 0);
  assert.equal(chat.deliveredTo(line), 2);
});

test('a rejected line comes back', () => {
  const chat = new Chat('ana');
  chat.add('ana-1', 'Ana', 'hello');
  assert.equal(chat.reject('ana-1'), 'hello');
  assert.deepEqual(chat.lines, []);
});

test('a typing notice ends with the line, or after a time', () => {
  const chat = new Chat('ana');
  chat.receive([message(1, { id: 'ben-1', kind: 'typing', sender: 'Ben', body: true })], 0);
  chat.receive([message(2, { id: 'ana-1', kind: 'typing', sender: 'Ana', body: true })], 0);
  assert.deepEqual(chat.typingNames(TYPING_MS - 1), ['Ben']);
  assert.deepEqual(chat.typingNames(TYPING_MS), []);
  chat.receive([message(3, { id: 'ben-2', sender: 'Ben' })], 0);
  assert.deepEqual(chat.typingNames(1), []);
});

test('a new log leaves the lines, and forgets what was received', () => {
  const chat = new Chat('ana');
  chat.receive([message(5, { id: 'ben-1' }), message(6, { id: 'ben-2', kind: 'received', body: 5 })], 0);
  chat.restart();
  assert.equal(chat.newestRemote, 0);
  assert.deepEqual(chat.lines.map(({ isEarlier }) => isEarlier), [true]);
  chat.receive([message(1, { id: 'ben-3' })], 0);
  assert.equal(chat.newestRemote, 1);
});

test('only the last lines are kept, and messages that are no lines are none', () => {
  const chat = new Chat('ana');
  const lines = Array.from({ length: MAX_LINES + 5 }, (_, index) => message(index + 1));
  chat.receive([...lines, message(9999, { body: { not: 'a line' } })], 0);
  assert.deepEqual([chat.lines.length, chat.lines[0]?.version], [MAX_LINES, 6]);
});

test('links are found without the punctuation after them, and nothing else is one', () => {
  const hrefs = (/** @type {string} */ text) => splitLinks(text).flatMap(({ href }) => href ?? []);
  assert.deepEqual(hrefs('See https://a.example/b_(c)?d=1, or http://x.example.'), ['https://a.example/b_(c)?d=1', 'http://x.example']);
  assert.deepEqual(hrefs('javascript:alert(1) ftp://a https:// data:text/html,x'), []);
  assert.equal(splitLinks('a https://b.example c').map(({ text }) => text).join(''), 'a https://b.example c');
});

test('the author of a message is the name in its id', () => {
  assert.deepEqual(['p1.ws-12', 'p1.ws-caret3', '0123456789abcdef'].map(authorOf), ['p1.ws', 'p1.ws', '0123456789abcdef']);
});
