import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPublisher } from '../../session/publisher.js';

/** A timer that the test fires. */
function fakeTimer() {
  /** @type {(() => void)[]} */
  const due = [];
  return {
    timer: (/** @type {number} */ _, /** @type {() => void} */ callback) => void due.push(callback),
    fire: () => due.shift()?.(),
  };
}

test('a publisher publishes at each due time, and then stops', () => {
  const { timer, fire } = fakeTimer();
  /** @type {number[]} */
  const published = [];
  createPublisher(timer, (number) => published.push(number)).start([0, 10].values());
  for (let times = 0; times < 4; times++) fire();
  assert.deepEqual(published, [1, 2]);
});

test('a stopped publisher publishes nothing, even if its timer fires', () => {
  const { timer, fire } = fakeTimer();
  /** @type {number[]} */
  const published = [];
  const publisher = createPublisher(timer, (number) => published.push(number));
  publisher.start([0, 10, 20].values());
  fire();
  publisher.stop();
  fire();
  assert.deepEqual(published, [1]);
});

test('after a suspension the missed messages are not published', (context) => {
  const { timer, fire } = fakeTimer();
  let now = 0;
  context.mock.method(performance, 'now', () => now);
  /** @type {number[]} */
  const waits = [];
  const recordingTimer = (/** @type {number} */ ms, /** @type {() => void} */ callback) => {
    waits.push(ms);
    timer(ms, callback);
  };
  createPublisher(recordingTimer, () => {}).start([0, 1000, 2000].values());
  now = 3_600_000;
  for (let times = 0; times < 2; times++) fire();
  assert.deepEqual(waits, [0, 1000, 2000]);
});
