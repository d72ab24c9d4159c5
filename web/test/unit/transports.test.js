import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createInbox } from '../../net/inbox.js';
import { longpoll } from '../../transports/longpoll.js';
import { backOff, persist } from '../../net/retry.js';
import { chained, guarded, interval } from '../../transports/poll.js';
import { Failure } from '../../net/client.js';

/**
 * @typedef {import('../../model/types.js').Answer} Answer
 * @typedef {import('../../net/client.js').Wire} Wire
 */

/** @param {number} version @param {number} [head] @returns {Answer} */
const upTo = (version, head = version) => ({
  type: 'batch', epoch: 'e', since: 0, version, head, messages: [],
});

/** A wire whose answers the test gives by hand. */
function handWire() {
  /** @type {{ path: string, answer: (version: number) => void, fail: () => void }[]} */
  const asked = [];
  /** @type {Wire} */
  const wire = {
    ask: (path) =>
      new Promise((resolve, reject) =>
        asked.push({
          path,
          answer: (version) => resolve(upTo(version)),
          fail: () => reject(new Failure('no connection')),
        }),
      ),
    open: () => assert.fail('no socket here'),
  };
  return { asked, wire };
}

const cursor = () => ({ since: 0, epoch: null });

/** @param {() => boolean} condition */
async function until(condition) {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

test('setInterval asks again without waiting, and answers may overtake each other', async () => {
  const { asked, wire } = handWire();
  const stop = new AbortController();
  const answers = interval(wire, cursor, stop.signal, 1);
  const first = answers.next();
  await until(() => asked.length >= 3);
  asked[2]?.answer(3);
  const { value } = await first;
  assert.equal(value?.type === 'batch' && value.version, 3);
  asked[0]?.answer(1);
  const next = (await answers.next()).value;
  assert.equal(next?.type === 'batch' && next.version, 1);
  stop.abort();
  assert.equal((await answers.next()).done, true);
});

test('the guard lets one request through at a time', async () => {
  const { asked, wire } = handWire();
  const stop = new AbortController();
  const answers = guarded(wire, cursor, stop.signal, 1);
  const first = answers.next();
  await until(() => asked.length === 1);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(asked.length, 1);
  asked[0]?.answer(1);
  await first;
  await until(() => asked.length === 2);
  stop.abort();
  await answers.return();
});

test('the chain asks again only after the answer was taken', async () => {
  const { asked, wire } = handWire();
  const answers = chained(wire, cursor, new AbortController().signal, 1);
  const first = answers.next();
  await until(() => asked.length === 1);
  asked[0]?.answer(1);
  await first;
  assert.equal(asked.length, 1);
  const second = answers.next();
  await until(() => asked.length === 2);
  asked[1]?.answer(2);
  await second;
  await answers.return();
});

test('a long poll asks again at once', async () => {
  const { asked, wire } = handWire();
  const answers = longpoll(wire, cursor, new AbortController().signal, 1000);
  const first = answers.next();
  await until(() => asked.length === 1);
  asked[0]?.answer(1);
  await first;
  answers.next();
  assert.deepEqual(asked.map(({ path }) => path), ['/longpoll', '/longpoll']);
});

test('a loop that fails is started again, and each pause knows how often it failed', async () => {
  const { asked, wire } = handWire();
  const stop = new AbortController();
  /** @type {number[]} */
  const failures = [];
  const lasting = persist(longpoll, (count) => (failures.push(count), 0), () => {});
  const answers = lasting(wire, cursor, stop.signal, 0);
  const first = answers.next();
  for (const index of [0, 1]) {
    await until(() => asked.length === index + 1);
    asked[index]?.fail();
  }
  await until(() => asked.length === 3);
  asked[2]?.answer(1);
  await first;
  const second = answers.next();
  await until(() => asked.length === 4);
  asked[3]?.fail();
  await until(() => asked.length === 5);
  asked[4]?.answer(2);
  await second;
  assert.deepEqual(failures, [0, 1, 0]);
  stop.abort();
});

test('back-off doubles, is spread, and has an end', () => {
  for (let tries = 0; tries < 100; tries++) {
    assert.ok(backOff(0) >= 125 && backOff(0) <= 250);
    assert.ok(backOff(2) >= 500 && backOff(2) <= 1000);
    assert.ok(backOff(50) >= 4000 && backOff(50) <= 8000);
  }
  assert.ok(new Set(Array.from({ length: 20 }, () => backOff(3))).size > 10);
});

test('an inbox gives what was put in, in order, and ends when it is closed', async () => {
  /** @type {import('../../net/inbox.js').Inbox<number>} */
  const inbox = createInbox(new AbortController().signal);
  inbox.put(1);
  setImmediate(() => {
    inbox.put(2);
    inbox.close();
  });
  const seen = [];
  for await (const item of inbox) seen.push(item);
  assert.deepEqual(seen, [1, 2]);
});
