import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPublisher } from '../../session/publisher.js';

/** A timer that fires when the test says so. */
function handTimer() {
  /** @type {(() => void)[]} */
  const due = [];
  return {
    timer: (/** @type {number} */ _, /** @type {() => void} */ then) => void due.push(then),
    fire: () => due.shift()?.(),
  };
}

test('a publisher speaks at each moment, and then no more', () => {
  const { timer, fire } = handTimer();
  /** @type {number[]} */
  const said = [];
  createPublisher(timer, (number) => said.push(number)).start([0, 10].values());
  for (let times = 0; times < 4; times++) fire();
  assert.deepEqual(said, [1, 2]);
});

test('a publisher that was stopped is silent, also when its timer still fires', () => {
  const { timer, fire } = handTimer();
  /** @type {number[]} */
  const said = [];
  const publisher = createPublisher(timer, (number) => said.push(number));
  publisher.start([0, 10, 20].values());
  fire();
  publisher.stop();
  fire();
  assert.deepEqual(said, [1]);
});

test('a publisher that slept for an hour does not make up for it', (context) => {
  const { timer, fire } = handTimer();
  let now = 0;
  context.mock.method(performance, 'now', () => now);
  /** @type {number[]} */
  const waits = [];
  const watched = (/** @type {number} */ ms, /** @type {() => void} */ then) => (waits.push(ms), timer(ms, then));
  createPublisher(watched, () => {}).start([0, 1000, 2000].values());
  now = 3_600_000;
  for (let times = 0; times < 2; times++) fire();
  assert.deepEqual(waits, [0, 1000, 2000]);
});
