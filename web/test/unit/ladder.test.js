import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freeRow } from '../../view/ladder-labels.js';
import { serverTimes } from '../../view/ladder-marks.js';
import { EXCHANGE } from './fixtures.js';

const OUTAGE = { kind: /** @type {const} */ ('outage'), from: 5000, to: 13_000 };

/** @param {number} sentAt @param {number} respondedAt @param {string} [path] */
const timesOf = (sentAt, respondedAt, path = '/poll') =>
  serverTimes({ ...EXCHANGE, path, requestedAt: sentAt, sentAt }, respondedAt, [OUTAGE]);

test('the time of an exchange without an outage is split, except for a long poll', () => {
  assert.deepEqual(timesOf(1000, 1010), { arrivedAt: 1005, leftAt: 1005 });
  assert.deepEqual(timesOf(1000, 4000, '/longpoll'), { arrivedAt: 1003, leftAt: 3997 });
  assert.deepEqual(timesOf(5001, 5003), { arrivedAt: 5002, leftAt: 5002 }); // the link is down a moment later
});

test('nothing arrives or leaves during an outage', () => {
  for (const path of ['/poll', '/longpoll']) {
    assert.deepEqual(timesOf(6000, 13_010, path), { arrivedAt: 13_000, leftAt: 13_007 });
    assert.deepEqual(timesOf(4990, 13_010, path), { arrivedAt: 4993, leftAt: 13_007 });
    assert.deepEqual(timesOf(4999, 13_001, path), { arrivedAt: 5000, leftAt: 13_000 });
  }
});

test('a label takes the first row with room, or none', () => {
  assert.equal(freeRow([], 1, 0), 0);
  assert.equal(freeRow([50, 20], 2, 30), 1);
  assert.equal(freeRow([50, 40], 2, 30), -1);
});
