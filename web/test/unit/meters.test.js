import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMeters, meterOf } from '../../model/meters.js';

const UNKNOWN = { up: null, down: null };
const ZERO = { up: 0, down: 0 };

/** @param {number} up @param {number} down */
const poll = (up, down) => ({ poll: { requests: 1, responses: 1, empty: 0, in_flight: 0, upload_bytes: up, download_bytes: down } });

/** Meters whose resets the test resolves. */
function withFakeResets() {
  /** @type {{ resolve: (response: { generation: number | null }) => void, reject: (error: Error) => void }[]} */
  const resets = [];
  const meters = createMeters(
    () => new Promise((resolve, reject) => void resets.push({ resolve, reject })),
    () => {},
  );
  return { meters, resets };
}

test('bytes are unknown until the reset, and counted from then', async () => {
  const { meters, resets } = withFakeResets();
  assert.deepEqual(meters.bytesOf('poll'), UNKNOWN);
  meters.reset();
  meters.update(poll(70, 90), 0); // from before the reset
  assert.deepEqual(meters.bytesOf('poll'), UNKNOWN);
  resets[0]?.resolve({ generation: 1 });
  await meters.ready;
  assert.deepEqual(meters.bytesOf('poll'), ZERO);
  meters.update(poll(7, 9), 1);
  assert.deepEqual(meters.bytesOf('poll'), { up: 7, down: 9 });
  assert.deepEqual(meters.bytesOf('ws'), ZERO);
});

test('a new measurement drops the bytes of the one before', async () => {
  const { meters, resets } = withFakeResets();
  meters.reset();
  resets[0]?.resolve({ generation: 1 });
  await meters.ready;
  meters.update(poll(7, 9), 1);
  meters.reset();
  assert.deepEqual(meters.bytesOf('poll'), UNKNOWN);
  resets[1]?.resolve({ generation: 2 });
  await meters.ready;
  assert.deepEqual(meters.bytesOf('poll'), ZERO);
});

test('latest concurrent reset wins', async () => {
  const { meters, resets } = withFakeResets();
  meters.reset();
  const first = meters.ready;
  meters.reset();
  resets[0]?.resolve({ generation: 1 });
  await first;
  meters.update(poll(7, 9), 1);
  assert.deepEqual(meters.bytesOf('poll'), UNKNOWN);
  resets[1]?.resolve({ generation: 2 });
  await meters.ready;
  meters.update(poll(1, 2), 2);
  assert.deepEqual(meters.bytesOf('poll'), { up: 1, down: 2 });
});

for (const [cause, other] of /** @type {const} */ ([
  ['a restarted server', 0],
  ['a reset by another client', 4],
])) {
  test(`${cause} makes the bytes of the whole measurement unknown`, async () => {
    const { meters, resets } = withFakeResets();
    meters.reset();
    resets[0]?.resolve({ generation: 3 });
    await meters.ready;
    meters.update(poll(7, 9), 3);
    meters.update(poll(1, 1), other);
    assert.deepEqual(meters.bytesOf('poll'), UNKNOWN);
    meters.update(poll(7, 9), 3);
    assert.deepEqual(meters.bytesOf('poll'), UNKNOWN);
  });
}

test('reset timeout leaves bytes unknown', async () => {
  const { meters, resets } = withFakeResets();
  meters.reset();
  resets[0]?.resolve({ generation: null });
  await meters.ready;
  meters.update(poll(7, 9), 1);
  assert.deepEqual(meters.bytesOf('poll'), UNKNOWN);
});

test('failed reset leaves bytes unknown', async () => {
  const { meters, resets } = withFakeResets();
  meters.reset();
  resets[0]?.reject(new Error('control channel closed'));
  await meters.ready;
  meters.update(poll(7, 9), 1);
  assert.deepEqual(meters.bytesOf('poll'), UNKNOWN);
});

test('each segment of a pane has a meter of its own', () => {
  assert.deepEqual([0, 1, 2, 99].map((segment) => meterOf('longpoll', segment)), [
    'longpoll', 'longpoll', 'longpoll-2', 'longpoll-99',
  ]);
});

test('the counts of an earlier measurement are shown until the next reset', async () => {
  const { meters, resets } = withFakeResets();
  const restart = async (/** @type {number} */ generation) => {
    meters.reset();
    resets.at(-1)?.resolve({ generation });
    await meters.ready;
  };
  await restart(1);
  meters.update(poll(7, 9), 1);
  const earlier = meters.snapshot();
  await restart(2);
  meters.update(poll(1, 2), 2);
  meters.restore(earlier);
  assert.deepEqual(meters.bytesOf('poll'), { up: 7, down: 9 });
  meters.update(poll(3, 4), 2); // of the measurement that is not shown
  assert.deepEqual(meters.bytesOf('poll'), { up: 7, down: 9 });
  meters.restore(null);
  assert.deepEqual(meters.bytesOf('poll'), UNKNOWN);
  await restart(3);
  assert.deepEqual(meters.bytesOf('poll'), ZERO);
});
