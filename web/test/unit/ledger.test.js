import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyBatch, applyGap, applyUpdate, createLedger, hasMore } from '../../model/ledger.js';
import { EXCHANGE, batch } from './fixtures.js';

/** @param {number} since */
const ledgerAt = (since) => createLedger({ since, epoch: 'e' });

test('a batch moves the cursor and is delivered once', () => {
  const ledger = ledgerAt(3);
  const { newMessages, staleAfter } = applyBatch(ledger, batch(3, 5));
  assert.deepEqual(newMessages.map(({ version }) => version), [4, 5]);
  assert.equal(staleAfter, null);
  assert.deepEqual(ledger.cursor, { since: 5, epoch: 'e' });
});

test('an older batch after a newer one is stale, and its messages are duplicates', () => {
  const ledger = ledgerAt(0);
  applyBatch(ledger, batch(0, 4));
  const result = applyBatch(ledger, batch(0, 2));
  assert.deepEqual(result, { newMessages: [], duplicates: 2, staleAfter: 4 });
  assert.deepEqual([ledger.displayedVersion, ledger.highest, ledger.cursor.since], [2, 4, 4]);
});

test('an empty batch displays nothing, so it is not stale', () => {
  const ledger = ledgerAt(0);
  applyBatch(ledger, batch(0, 4));
  assert.equal(applyBatch(ledger, batch(0, 0, { head: 4 })).staleAfter, null);
  assert.equal(ledger.displayedVersion, 4);
});

test('an overlapping batch delivers only its new messages', () => {
  const ledger = ledgerAt(0);
  applyBatch(ledger, batch(0, 3));
  const { newMessages, duplicates } = applyBatch(ledger, batch(1, 5));
  assert.deepEqual(newMessages.map(({ version }) => version), [4, 5]);
  assert.equal(duplicates, 2);
});

test('after truncation the cursor continues before the oldest message', () => {
  const ledger = ledgerAt(2);
  const missed = applyGap(ledger, { type: 'gap', reason: 'truncated', epoch: 'e', oldest: 8, head: 12 });
  assert.equal(missed, 5);
  assert.equal(ledger.cursor.since, 7);
});

test('a new epoch continues from its start, with no known loss', () => {
  const ledger = ledgerAt(40);
  assert.equal(applyGap(ledger, { type: 'gap', reason: 'epoch', epoch: 'f', oldest: 1, head: 2 }), 0);
  assert.deepEqual(ledger.cursor, { since: 0, epoch: 'f' });
  assert.equal(applyBatch(ledger, batch(0, 2, { epoch: 'f' })).staleAfter, null);
});

test('a cursor ahead of the log moves back to its head', () => {
  const ledger = ledgerAt(9);
  applyGap(ledger, { type: 'gap', reason: 'ahead', epoch: 'e', oldest: 1, head: 4 });
  assert.equal(ledger.cursor.since, 4);
});

test('a receipt describes what an update changed', () => {
  const ledger = ledgerAt(0);
  /** @param {import('../../model/types.js').Message} message */
  const measure = (message) => ({ message, latency: { ms: 7, error: 0 }, bytes: 4, isMeasured: true });
  const receipt = applyUpdate(ledger, batch(0, 2, { head: 3 }), measure);
  assert.deepEqual(receipt.newMessages.map(({ latency }) => latency.ms), [7, 7]);
  assert.deepEqual(receipt.messages.map(({ version }) => version), [1, 2]);
  assert.deepEqual([receipt.displayedVersion, receipt.head, receipt.gap], [2, 3, null]);
  const gap = /** @type {const} */ ({
    type: 'gap', reason: 'truncated', epoch: 'e', oldest: 9, head: 9, exchange: EXCHANGE,
  });
  const after = applyUpdate(ledger, gap, measure);
  assert.deepEqual([after.messages, after.gap?.missed, after.displayedVersion], [[], 6, 8]);
});

test('a batch below the head of the log is truncated', () => {
  assert.equal(hasMore(batch(0, 2, { head: 3 })), true);
  assert.equal(hasMore(batch(0, 2)), false);
});
