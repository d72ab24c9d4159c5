import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSubscriber } from '../../session/subscriber.js';
import { batch, until } from './fixtures.js';

/** @typedef {import('../../model/events.js').PaneEvent} PaneEvent */

/**
 * A subscriber whose responses the test sends.
 * @param {import('node:test').TestContext} context
 */
function withFakes(context) {
  /** @type {{ path: string, since: number, respond: (response: Response) => void }[]} */
  const requests = [];
  context.mock.method(globalThis, 'fetch', (/** @type {string} */ target, /** @type {any} */ { signal }) => {
    const { pathname, searchParams } = new URL(target, 'http://localhost');
    return new Promise((respond, reject) => {
      requests.push({ path: pathname, since: Number(searchParams.get('since')), respond });
      signal.addEventListener('abort', () => reject(signal.reason));
    });
  });
  /** @type {PaneEvent[]} */
  const events = [];
  const subscriber = createSubscriber({
    transport: 'longpoll',
    intervalMs: 1,
    measure: (message) => ({ message, latency: { ms: 1, error: 0 }, bytes: 1, isMeasured: true }),
    emit: (event) => events.push(event),
    networkParams: () => ({}),
    network: () => '',
  });
  /** @param {number} since @param {number} version */
  const respond = (since, version) => requests.at(-1)?.respond(Response.json(batch(since, version)));
  return { subscriber, requests, events, respond, types: () => events.map(({ type }) => type) };
}

const CURSOR = { since: 3, epoch: 'e' };

test('a response is one event with its receipt, and the next request has its cursor', async (context) => {
  const { subscriber, requests, events, respond, types } = withFakes(context);
  subscriber.start(CURSOR);
  respond(3, 5);
  await until(() => requests.length === 2);
  assert.deepEqual(requests.map(({ since }) => since), [3, 5]);
  assert.deepEqual(types(), ['transport', 'request', 'response', 'request']);
  const [, request, response] = events;
  assert.ok(request?.type === 'request' && response?.type === 'response');
  assert.equal(response.update.exchange.id, request.exchange.id);
  assert.deepEqual(response.receipt.newMessages.map(({ message }) => message.version), [4, 5]);
  subscriber.stop();
});

test('another transport continues from the cursor', async (context) => {
  const { subscriber, requests, respond, types } = withFakes(context);
  subscriber.start(CURSOR);
  respond(3, 5);
  await until(() => requests.length === 2);
  subscriber.change({ transport: 'chained' });
  await until(() => requests.length === 3 && types().includes('cancel'));
  assert.deepEqual([requests[2]?.path, requests[2]?.since], ['/poll', 5]);
  subscriber.stop();
});

test('a start after a stop continues from the cursor', async (context) => {
  const { subscriber, requests, respond, types } = withFakes(context);
  subscriber.start(CURSOR);
  respond(3, 5);
  await until(() => requests.length === 2);
  subscriber.stop();
  await until(() => types().includes('cancel'));
  assert.deepEqual(types().slice(-2), ['stopped', 'cancel']);
  subscriber.start({ since: 0, epoch: null });
  assert.equal(requests[2]?.since, 5);
  subscriber.stop();
});

test('a reset drops the cursor, and the events of pending requests', async (context) => {
  const { subscriber, requests, events } = withFakes(context);
  subscriber.start(CURSOR);
  subscriber.reset();
  const { length } = events;
  subscriber.start({ since: 9, epoch: 'e' });
  assert.equal(requests[1]?.since, 9);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(events.slice(length).map(({ type }) => type), ['transport', 'request']);
  subscriber.stop();
});

test('settings of a stopped subscriber apply to its next start', (context) => {
  const { subscriber, requests, types } = withFakes(context);
  subscriber.change({ transport: 'chained', intervalMs: 7 });
  assert.deepEqual([subscriber.transport, subscriber.intervalMs, types()], ['chained', 7, []]);
  subscriber.change({});
  assert.deepEqual([subscriber.transport, subscriber.intervalMs], ['chained', 7]);
  subscriber.start(CURSOR);
  assert.equal(requests[0]?.path, '/poll');
  subscriber.stop();
});
