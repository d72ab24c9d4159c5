import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLedger, takeBatch, takeGap } from '../../model/ledger.js';

/** @param {number} since @param {number} version @param {number} [head] */
function batch(since, version, head = version) {
  const messages = Array.from({ length: version - since }, (_, index) => ({
    version: since + 1 + index,
    id: `m-${since + 1 + index}`,
    at: 0,
    sender: '',
    kind: 'chat',
    body: null,
  }));
  return /** @type {const} */ ({ type: 'batch', epoch: 'e', since, version, head, messages });
}

/** @param {number} since */
const ledger = (since) => createLedger({ since, epoch: 'e' });

test('a batch moves the cursor and is delivered once', () => {
  const book = ledger(3);
  const { fresh, staleAfter } = takeBatch(book, batch(3, 5));
  assert.deepEqual(fresh.map(({ version }) => version), [4, 5]);
  assert.equal(staleAfter, null);
  assert.deepEqual(book.cursor, { since: 5, epoch: 'e' });
});

test('an answer overtaken by a newer one is stale, and what it repeats is duplicate', () => {
  const book = ledger(0);
  takeBatch(book, batch(0, 4));
  const { fresh, duplicates, staleAfter } = takeBatch(book, batch(0, 2));
  assert.deepEqual({ fresh, duplicates, staleAfter }, { fresh: [], duplicates: 2, staleAfter: 4 });
  assert.deepEqual([book.shown, book.highest, book.cursor.since], [2, 4, 4]);
});

test('an empty answer shows nothing, so it cannot be stale', () => {
  const book = ledger(0);
  takeBatch(book, batch(0, 4));
  assert.equal(takeBatch(book, batch(0, 0, 4)).staleAfter, null);
  assert.equal(book.shown, 4);
});

test('an answer that overlaps brings only its new part', () => {
  const book = ledger(0);
  takeBatch(book, batch(0, 3));
  const { fresh, duplicates } = takeBatch(book, batch(1, 5));
  assert.deepEqual(fresh.map(({ version }) => version), [4, 5]);
  assert.equal(duplicates, 2);
});

test('a truncated log misses what lies between, and goes on before its oldest', () => {
  const book = ledger(2);
  const missed = takeGap(book, { type: 'gap', reason: 'truncated', epoch: 'e', oldest: 8, head: 12 });
  assert.equal(missed, 5);
  assert.equal(book.cursor.since, 7);
});

test('a new epoch is told from its start, with nothing known to be missed', () => {
  const book = ledger(40);
  assert.equal(takeGap(book, { type: 'gap', reason: 'epoch', epoch: 'f', oldest: 1, head: 2 }), 0);
  assert.deepEqual(book.cursor, { since: 0, epoch: 'f' });
  assert.equal(takeBatch(book, { ...batch(0, 2), epoch: 'f' }).staleAfter, null);
});

test('a cursor ahead of the log goes back to its head', () => {
  const book = ledger(9);
  takeGap(book, { type: 'gap', reason: 'ahead', epoch: 'e', oldest: 1, head: 4 });
  assert.equal(book.cursor.since, 4);
});
