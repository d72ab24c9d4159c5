import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RequestError, createClient } from '../../net/client.js';
import { batch } from './fixtures.js';

/** @typedef {import('../../model/events.js').PaneEvent} PaneEvent */

const CURSOR = { since: 3, epoch: 'e' };

/**
 * A client whose requests get this response; null: no connection, undefined: never.
 * @param {import('node:test').TestContext} context @param {Response | null} [response]
 */
function withFakes(context, response) {
  /** @type {{ url: URL, cache: unknown }[]} */
  const requests = [];
  context.mock.method(globalThis, 'fetch', async (/** @type {string} */ path, /** @type {any} */ options) => {
    requests.push({ url: new URL(path, 'http://localhost'), cache: options.cache });
    if (response) return response.clone();
    if (response === null) throw new TypeError('fetch failed');
    return new Promise((_, reject) =>
      options.signal.addEventListener('abort', () => reject(options.signal.reason)),
    );
  });
  /** @type {PaneEvent[]} */
  const events = [];
  const params = { up_ms: 40, down_ms: 50, client: 'ana' };
  const client = createClient((event) => events.push(event), () => params);
  const controller = new AbortController();
  return { client, requests, events, controller, signal: controller.signal };
}

/** @param {PaneEvent[]} events */
const typesOf = (events) => events.map(({ type }) => type);

test('a request has the cursor and the network parameters, and a unique URL', async (context) => {
  const { exchange: _, ...content } = batch(3, 4);
  const { client, requests, events, signal } = withFakes(context, Response.json(content));
  const update = await client.request('/poll', CURSOR, signal);
  await client.request('/poll', CURSOR, signal);
  const [first, second] = requests;
  const { u, ...query } = Object.fromEntries(first?.url.searchParams ?? []);
  assert.deepEqual(query, { since: '3', epoch: 'e', up_ms: '40', down_ms: '50', client: 'ana' });
  assert.notEqual(u, second?.url.searchParams.get('u'));
  assert.equal(first?.cache, 'no-store');
  assert.deepEqual(typesOf(events), ['request', 'request']);
  assert.deepEqual(update.type === 'batch' && update.messages.map(({ version }) => version), [4]);
  assert.deepEqual([update.exchange.path, update.exchange.upMs, update.exchange.downMs], ['/poll', 40, 50]);
});

test('a 410 is a gap', async (context) => {
  const problem = { title: 'gone', reason: 'truncated', epoch: 'e', oldest: 9, head: 12 };
  const { client, signal } = withFakes(context, Response.json(problem, { status: 410 }));
  const update = await client.request('/poll', CURSOR, signal);
  assert.deepEqual(update.type === 'gap' && [update.reason, update.oldest], ['truncated', 9]);
});

test('another status is an error, with its Retry-After', async (context) => {
  const response = Response.json({ title: 'Busy' }, { status: 503, headers: { 'retry-after': '2' } });
  const { client, events, signal } = withFakes(context, response);
  const error = await client.request('/poll', CURSOR, signal).catch((reason) => reason);
  assert.ok(error instanceof RequestError);
  assert.deepEqual([error.message, error.retryAfterMs], ['503 Busy', 2000]);
  assert.deepEqual(typesOf(events), ['request', 'error']);
  const failure = events.at(-1);
  assert.equal(failure?.type === 'error' && failure.status, 503);
});

test('a lost connection is an error', async (context) => {
  const lost = withFakes(context, null);
  await assert.rejects(lost.client.request('/poll', CURSOR, lost.signal), RequestError);
  const error = lost.events.at(-1);
  assert.deepEqual(error?.type === 'error' && [error.reason, error.timedOut], ['no connection', false]);
});

test('a time-out is an error', async (context) => {
  const timeout = new AbortController();
  const createTimeout = context.mock.method(AbortSignal, 'timeout', () => timeout.signal);
  const { client, events, signal } = withFakes(context);
  const response = client.request('/poll', CURSOR, signal, 5000);
  timeout.abort();
  await assert.rejects(response, { message: 'response timed out' });
  const error = events.at(-1);
  assert.equal(error?.type === 'error' && error.timedOut, true);
  assert.deepEqual(createTimeout.mock.calls[0]?.arguments, [5000]);
});

test('an aborted request is cancelled, and no error', async (context) => {
  const { client, events, controller, signal } = withFakes(context);
  const response = client.request('/poll', CURSOR, signal);
  controller.abort();
  await assert.rejects(response);
  assert.deepEqual(typesOf(events), ['request', 'cancel']);
});
