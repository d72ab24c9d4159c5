import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RequestError } from '../../net/client.js';
import { backoff, retry } from '../../net/retry.js';
import { longpoll } from '../../transports/longpoll.js';
import { chained, chainedWithTimeout, interval, intervalWithGuard } from '../../transports/poll.js';
import { ws } from '../../transports/ws.js';
import { batch, until } from './fixtures.js';

/**
 * @typedef {import('../../net/client.js').Client} Client
 * @typedef {import('../../net/client.js').Transport} Transport
 *
 * @typedef {object} FakeRequest
 * @property {string} path
 * @property {number} since
 * @property {number | undefined} timeoutMs
 * @property {(version: number, head?: number) => void} respond
 * @property {() => void} fail
 */

/**
 * A running transport, whose responses the test sends. Each delivery moves the cursor.
 * @param {Transport} transport @param {number} [intervalMs]
 */
function withFakes(transport, intervalMs = 1) {
  /** @type {FakeRequest[]} */
  const requests = [];
  /** @type {number[]} */
  const delivered = [];
  let since = 0;
  const controller = new AbortController();
  /** @type {Client} */
  const client = {
    request: (path, cursor, _, timeoutMs) =>
      new Promise((resolve, reject) =>
        requests.push({
          path,
          since: cursor.since,
          timeoutMs,
          respond: (version, head) => resolve(batch(0, version, head ? { head } : {})),
          fail: () => reject(new RequestError('no connection')),
        }),
      ),
    openSocket: () => assert.fail('no socket expected'),
  };
  /** @param {import('../../model/types.js').Update} update */
  const deliver = (update) => {
    since = update.type === 'batch' ? update.version : since;
    delivered.push(since);
  };
  const done = transport(client, () => ({ since, epoch: null }), deliver, controller.signal, intervalMs);
  return { requests, delivered, done, abort: () => controller.abort() };
}

/** Enough time for a timer of 1 ms that should not fire, or should do nothing. */
const pause = () => new Promise((resolve) => setTimeout(resolve, 20));

test('setInterval does not wait, and responses can overtake each other', async () => {
  const { requests, delivered, abort } = withFakes(interval);
  await until(() => requests.length >= 3);
  requests[2]?.respond(3);
  await until(() => delivered.length === 1);
  requests[0]?.respond(1);
  await until(() => delivered.length === 2);
  assert.deepEqual(delivered, [3, 1]);
  abort();
});

for (const transport of [interval, intervalWithGuard]) {
  test(`${transport.name} ignores errors, and ends with its timer`, async () => {
    const { requests, done, abort } = withFakes(transport);
    await until(() => requests.length === 1);
    requests[0]?.fail();
    await until(() => requests.length === 2);
    requests[1]?.fail();
    abort();
    const { length } = requests;
    await pause();
    await done;
    assert.equal(requests.length, length);
  });
}

test('the guard allows one request at a time', async () => {
  const { requests, abort } = withFakes(intervalWithGuard);
  await until(() => requests.length === 1);
  await pause();
  assert.equal(requests.length, 1);
  requests[0]?.respond(1);
  await until(() => requests.length === 2);
  assert.equal(requests[1]?.since, 1);
  abort();
});

for (const transport of [chained, chainedWithTimeout]) {
  test(`${transport.name} sends the next request after the delivery and the interval`, async () => {
    const { requests, delivered, abort, done } = withFakes(transport, 30);
    await until(() => requests.length === 1);
    requests[0]?.respond(1);
    await until(() => delivered.length === 1);
    assert.equal(requests.length, 1);
    await until(() => requests.length === 2);
    assert.deepEqual([requests[1]?.path, requests[1]?.since], ['/poll', 1]);
    requests[1]?.respond(2);
    await until(() => delivered.length === 2);
    abort();
    await assert.rejects(done, { name: 'AbortError' });
  });

  test(`${transport.name} continues at once after a truncated batch`, async () => {
    const { requests, abort, done } = withFakes(transport, 3_600_000);
    requests[0]?.respond(2, 5);
    await until(() => requests.length === 2);
    assert.equal(requests[1]?.since, 2);
    requests[1]?.respond(5);
    await pause();
    assert.equal(requests.length, 2);
    abort();
    await assert.rejects(done, { name: 'AbortError' });
  });
}

test('only the loops that wait for a response have a time-out', async () => {
  const timeouts = [];
  for (const transport of [interval, chained, chainedWithTimeout, longpoll]) {
    const { requests, abort } = withFakes(transport);
    await until(() => requests.length === 1);
    timeouts.push(requests[0]?.timeoutMs);
    abort();
  }
  assert.deepEqual(timeouts, [undefined, undefined, 5000, 35_000]);
});

test('a long poll sends the next request at once, with the cursor moved', async () => {
  const { requests, delivered } = withFakes(longpoll, 3_600_000);
  requests[0]?.respond(4);
  await until(() => requests.length === 2);
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

test('retry counts failures in a row', async () => {
  /** @type {number[]} */
  const failures = [];
  const retried = retry(longpoll, (count) => (failures.push(count), 0), () => {});
  const { requests, delivered, abort } = withFakes(retried);
  for (const index of [0, 1]) {
    await until(() => requests.length === index + 1);
    requests[index]?.fail();
  }
  await until(() => requests.length === 3);
  requests[2]?.respond(1);
  await until(() => requests.length === 4);
  requests[3]?.fail();
  await until(() => requests.length === 5);
  requests[4]?.respond(2);
  await until(() => delivered.length === 2);
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
