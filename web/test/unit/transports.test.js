import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RequestError } from '../../net/client.js';
import { backoff, retry } from '../../net/retry.js';
import { longpoll } from '../../transports/longpoll.js';
import { chained, chainedWithTimeout, interval, intervalWithGuard } from '../../transports/poll.js';
import { ws } from '../../transports/ws.js';
import { batch } from './fixtures.js';

/**
 * @typedef {import('../../net/client.js').Client} Client
 * @typedef {import('../../net/client.js').Transport} Transport
 *
 * @typedef {object} FakeRequest
 * @property {string} path
 * @property {number} since
 * @property {number | undefined} timeoutMs
 * @property {(version: number, head?: number) => Promise<unknown>} respond
 * @property {() => Promise<unknown>} fail
 */

/**
 * A running transport, whose timers and responses the test controls. Each delivery moves the
 * cursor.
 * @param {import('node:test').TestContext} context @param {Transport} transport
 */
function withFakes(context, transport) {
  context.mock.timers.enable({ apis: ['setInterval', 'setTimeout'] });
  /** @type {FakeRequest[]} */
  const requests = [];
  /** @type {number[]} */
  const delivered = [];
  let since = 0;
  const controller = new AbortController();
  /** @param {import('../../model/types.js').Update} update */
  const deliver = (update) => {
    since = update.type === 'batch' ? update.version : since;
    delivered.push(since);
  };
  const cursor = () => ({ since, epoch: null });
  const done = transport(fakeClient(requests), cursor, deliver, controller.signal, INTERVAL_MS);
  return {
    requests,
    delivered,
    done,
    abort: () => controller.abort(),
    /** Lets time pass, and runs what it triggers. @param {number} ms */
    async advance(ms) {
      context.mock.timers.tick(ms);
      await settle();
    },
  };
}

const INTERVAL_MS = 1000;

/** Runs all callbacks of settled promises. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

/** @param {FakeRequest[]} requests @returns {Client} */
function fakeClient(requests) {
  return {
    request: (path, { since }, _, timeoutMs) =>
      new Promise((resolve, reject) => {
        /** @param {number} version @param {number} [head] */
        const respond = (version, head = version) => {
          resolve(batch(0, version, { head }));
          return settle();
        };
        const fail = () => {
          reject(new RequestError('no connection'));
          return settle();
        };
        requests.push({ path, since, timeoutMs, respond, fail });
      }),
    openSocket: () => assert.fail('no socket expected'),
  };
}

test('setInterval does not wait, and responses can overtake each other', async (context) => {
  const { requests, delivered, advance, abort } = withFakes(context, interval);
  await advance(3 * INTERVAL_MS);
  assert.equal(requests.length, 3);
  await requests[2]?.respond(3);
  await requests[0]?.respond(1);
  assert.deepEqual(delivered, [3, 1]);
  abort();
});

for (const transport of [interval, intervalWithGuard]) {
  test(`${transport.name} ignores errors, and its timer ends with it`, async (context) => {
    const { requests, advance, abort, done } = withFakes(context, transport);
    await advance(INTERVAL_MS);
    await requests[0]?.fail();
    await advance(INTERVAL_MS);
    await requests[1]?.fail();
    assert.equal(requests.length, 2);
    abort();
    await advance(10 * INTERVAL_MS);
    assert.equal(requests.length, 2);
    await done;
  });
}

test('the guard allows one request at a time', async (context) => {
  const { requests, advance, abort } = withFakes(context, intervalWithGuard);
  await advance(5 * INTERVAL_MS);
  assert.equal(requests.length, 1);
  await requests[0]?.respond(1);
  await advance(INTERVAL_MS);
  assert.deepEqual(requests.map(({ since }) => since), [0, 1]);
  abort();
});

for (const transport of [chained, chainedWithTimeout]) {
  test(`${transport.name} waits for the response, and then for the interval`, async (context) => {
    const { requests, delivered, advance, abort, done } = withFakes(context, transport);
    await advance(5 * INTERVAL_MS);
    assert.equal(requests.length, 1);
    await requests[0]?.respond(1);
    assert.deepEqual(delivered, [1]);
    await advance(INTERVAL_MS - 1);
    assert.equal(requests.length, 1);
    await advance(1);
    assert.deepEqual(requests.map(({ path, since }) => [path, since]), [['/poll', 0], ['/poll', 1]]);
    await requests[1]?.respond(2);
    abort();
    await assert.rejects(done, { name: 'AbortError' });
  });

  test(`${transport.name} continues at once after a truncated batch`, async (context) => {
    const { requests, advance, abort, done } = withFakes(context, transport);
    await requests[0]?.respond(2, 5);
    await advance(0);
    assert.deepEqual(requests.map(({ since }) => since), [0, 2]);
    await requests[1]?.respond(5);
    await advance(INTERVAL_MS - 1);
    assert.equal(requests.length, 2);
    abort();
    await assert.rejects(done, { name: 'AbortError' });
  });
}

for (const [transport, timeoutMs] of /** @type {const} */ ([
  [interval, undefined],
  [chained, undefined],
  [chainedWithTimeout, 5000],
  [longpoll, 35_000],
])) {
  test(`${transport.name} has ${timeoutMs ? `a time-out of ${timeoutMs} ms` : 'no time-out'}`, async (context) => {
    const { requests, advance, abort } = withFakes(context, transport);
    await advance(INTERVAL_MS);
    assert.equal(requests[0]?.timeoutMs, timeoutMs);
    abort();
  });
}

test('a long poll sends the next request at once, with the cursor moved', async (context) => {
  const { requests, delivered } = withFakes(context, longpoll);
  await requests[0]?.respond(4);
  assert.deepEqual(delivered, [4]);
  assert.deepEqual(requests.map(({ path, since }) => [path, since]), [['/longpoll', 0], ['/longpoll', 4]]);
});

test('a WebSocket delivers every update of one socket, and ends with it', async () => {
  /** @type {Promise<void>[]} */
  const sockets = [];
  let close = () => {};
  /** @type {unknown[]} */
  const delivered = [];
  /** @type {Client} */
  const client = {
    request: () => assert.fail('no request expected'),
    openSocket(path, cursor, _, deliver) {
      assert.deepEqual([path, cursor.since], ['/ws', 7]);
      deliver(batch(7, 8));
      deliver(batch(8, 9));
      const closed = new Promise((resolve) => (close = () => resolve(undefined)));
      sockets.push(closed);
      return closed;
    },
  };
  const done = ws(client, () => ({ since: 7, epoch: null }), (update) => delivered.push(update), new AbortController().signal, 0);
  assert.equal(delivered.length, 2);
  close();
  await done;
  assert.equal(sockets.length, 1);
});

test('retry counts failures in a row', async (context) => {
  /** @type {number[]} */
  const failures = [];
  const retried = retry(longpoll, (count) => (failures.push(count), 0), () => {});
  const { requests, advance, abort } = withFakes(context, retried);
  for (const index of [0, 1]) {
    await requests[index]?.fail();
    await advance(0);
  }
  await requests[2]?.respond(1);
  await requests[3]?.fail();
  await advance(0);
  assert.deepEqual(failures, [0, 1, 0]);
  assert.equal(requests[4]?.since, 1);
  abort();
});

test('retry respects Retry-After, and reports the pause', async () => {
  /** @type {number[]} */
  const pauses = [];
  const controller = new AbortController();
  const overloaded = () => Promise.reject(new RequestError('503', 30));
  const onPause = (/** @type {number} */ ms) => {
    pauses.push(ms);
    if (pauses.length === 2) controller.abort();
  };
  const client = /** @type {Client} */ ({});
  await retry(overloaded, () => 0, onPause)(client, () => ({ since: 0, epoch: null }), () => {}, controller.signal, 0);
  assert.deepEqual(pauses, [30, 30]);
});

test('retry restarts a transport that just ends', async () => {
  let runs = 0;
  const controller = new AbortController();
  const ending = async () => {
    runs += 1;
    if (runs === 3) controller.abort();
  };
  const client = /** @type {Client} */ ({});
  await retry(ending, () => 0, () => {})(client, () => ({ since: 0, epoch: null }), () => {}, controller.signal, 0);
  assert.equal(runs, 3);
});

test('retry hides no bug', async () => {
  const broken = retry(longpoll, () => 0, () => {});
  const client = /** @type {any} */ ({ request: async () => batch(0, 1) });
  const deliver = () => {
    throw new TypeError('a bug');
  };
  const done = broken(client, () => ({ since: 0, epoch: null }), deliver, new AbortController().signal, 0);
  await assert.rejects(done, { message: 'a bug' });
});

test('the back-off doubles, has jitter and a maximum', () => {
  for (let tries = 0; tries < 100; tries++) {
    assert.ok(backoff(0) >= 125 && backoff(0) <= 250);
    assert.ok(backoff(2) >= 500 && backoff(2) <= 1000);
    assert.ok(backoff(50) >= 4000 && backoff(50) <= 8000);
  }
  assert.ok(new Set(Array.from({ length: 20 }, () => backoff(3))).size > 10);
});
