import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMeters } from '../../model/meters.js';

const UNKNOWN = { up: null, down: null };
const ZERO = { up: 0, down: 0 };

/** @param {number} up @param {number} down */
const poll = (up, down) => ({ poll: { requests: 1, responses: 1, empty: 0, in_flight: 0, upload_bytes: up, download_bytes: down } });

/** Meters whose resets are answered by hand. */
function byHand() {
  /** @type {{ resolve: (told: { generation: number | null }) => void, reject: (error: Error) => void }[]} */
  const asked = [];
  const meters = createMeters(
    () => new Promise((resolve, reject) => void asked.push({ resolve, reject })),
    () => {},
  );
  return { meters, asked };
}

test('nothing is known until the server has begun anew, and what it says then counts', async () => {
  const { meters, asked } = byHand();
  assert.deepEqual(meters.bytesOf('poll'), UNKNOWN);
  meters.begin();
  meters.take(poll(70, 90), 0); // read before
  assert.deepEqual(meters.bytesOf('poll'), UNKNOWN);
  asked[0]?.resolve({ generation: 1 });
  await meters.decided;
  assert.deepEqual(meters.bytesOf('poll'), ZERO);
  meters.take(poll(7, 9), 1);
  assert.deepEqual(meters.bytesOf('poll'), { up: 7, down: 9 });
  assert.deepEqual(meters.bytesOf('ws'), ZERO);
});

test('a measurement that begins anew knows nothing of the one before', async () => {
  const { meters, asked } = byHand();
  meters.begin();
  asked[0]?.resolve({ generation: 1 });
  await meters.decided;
  meters.take(poll(7, 9), 1);
  meters.begin();
  assert.deepEqual(meters.bytesOf('poll'), UNKNOWN);
  asked[1]?.resolve({ generation: 2 });
  await meters.decided;
  assert.deepEqual(meters.bytesOf('poll'), ZERO);
});

test('of two beginnings under way the last one counts', async () => {
  const { meters, asked } = byHand();
  meters.begin();
  const first = meters.decided;
  meters.begin();
  asked[0]?.resolve({ generation: 1 });
  await first;
  meters.take(poll(7, 9), 1);
  assert.deepEqual(meters.bytesOf('poll'), UNKNOWN);
  asked[1]?.resolve({ generation: 2 });
  await meters.decided;
  meters.take(poll(1, 2), 2);
  assert.deepEqual(meters.bytesOf('poll'), { up: 1, down: 2 });
});

for (const [what, other] of /** @type {const} */ ([
  ['a server that was started anew', 0],
  ['a reset that somebody else asked for', 4],
])) {
  test(`${what} makes the bytes unknown, for the whole measurement`, async () => {
    const { meters, asked } = byHand();
    meters.begin();
    asked[0]?.resolve({ generation: 3 });
    await meters.decided;
    meters.take(poll(7, 9), 3);
    meters.take(poll(1, 1), other);
    assert.deepEqual(meters.bytesOf('poll'), UNKNOWN);
    meters.take(poll(7, 9), 3);
    assert.deepEqual(meters.bytesOf('poll'), UNKNOWN);
  });
}

test('an order that took too long, or got lost, is over, and nothing is known', async () => {
  for (const end of /** @type {const} */ (['late', 'lost'])) {
    const { meters, asked } = byHand();
    meters.begin();
    if (end === 'late') asked[0]?.resolve({ generation: null });
    else asked[0]?.reject(new Error('the control channel broke'));
    await meters.decided;
    meters.take(poll(7, 9), 1);
    assert.deepEqual(meters.bytesOf('poll'), UNKNOWN);
  }
});
