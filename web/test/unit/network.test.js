import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NETWORK_LIMITS, PROFILES, networkText } from '../../model/network.js';
import { confirmSent, dequeue, enqueue } from '../../net/connections.js';
import { networkParamsFor } from '../../session/network.js';
import { metricOf } from '../../session/server-usage.js';
import { clamp } from '../../view/number-input.js';
import { EXCHANGE } from './fixtures.js';

const REQUEST = /** @type {const} */ ({ client: 'c', pane: 'poll', transport: 'interval', count: 0 });

test('a profile is within the limits, and has a text', () => {
  for (const { name, network } of PROFILES) {
    assert.ok((network.up ?? 0) <= NETWORK_LIMITS.up.max && (network.loss ?? 0) <= NETWORK_LIMITS.loss.max, name);
    assert.equal(networkText(network) === '', name === 'none');
  }
  assert.equal(networkText({ up: 1, down: 2, loss: 3 }), '1 ms up, 2 ms down, 3 % loss');
});

test('a fault hits its share of the requests, the same ones with the same seed', () => {
  const faults = (/** @type {number} */ seed) =>
    Array.from({ length: 1000 }, (_, count) => {
      const network = /** @type {const} */ ({ fault: '503', faultShare: 20 });
      return networkParamsFor({ ...REQUEST, count }, network, seed).fault ?? '';
    });
  const hit = faults(42).filter(Boolean).length;
  assert.ok(hit > 150 && hit < 250, String(hit));
  assert.deepEqual(faults(42), faults(42));
  assert.notDeepEqual(faults(42), faults(7042));
});

test('requests differ in their jitter and losses, the same request does not', () => {
  const seedOf = (/** @type {number} */ count) => networkParamsFor({ ...REQUEST, count }, { loss: 1 }, 42).seed;
  assert.deepEqual([seedOf(0), seedOf(1), seedOf(1)], [42, 43, 43]);
});

test('the seventh request is queued until another ends, unless it ends at the same time', async () => {
  const exchanges = Array.from({ length: 8 }, (_, id) => ({ ...EXCHANGE, id }));
  /** @type {number[]} */
  const sent = [];
  for (const exchange of exchanges) enqueue(exchange, () => sent.push(exchange.id));
  assert.deepEqual(exchanges.map(({ sentAt }) => sentAt === null), [...Array(6).fill(false), true, true]);
  const [first, , , , , , seventh] = exchanges;
  if (!first || !seventh) throw new Error('expected eight');
  dequeue(first);
  dequeue(seventh);
  await Promise.resolve();
  assert.deepEqual(sent, [7]);
  for (const exchange of exchanges) dequeue(exchange);
  await Promise.resolve();
  assert.deepEqual(sent, [7]);
});

test('a queued request that has a response was sent, once', async () => {
  const exchanges = Array.from({ length: 7 }, (_, id) => ({ ...EXCHANGE, id }));
  let sent = 0;
  for (const exchange of exchanges) enqueue(exchange, () => sent++);
  for (const exchange of exchanges) confirmSent(exchange);
  for (const exchange of exchanges) dequeue(exchange);
  await Promise.resolve();
  assert.deepEqual([sent, exchanges.every(({ sentAt }) => sentAt !== null)], [1, true]);
});

test('a metric is read by its whole name', () => {
  const text = '# TYPE a gauge\na_total 3\na 1.5\n';
  assert.deepEqual([metricOf(text, 'a'), metricOf(text, 'a_total')], [1.5, 3]);
  assert.ok(Number.isNaN(metricOf(text, 'b')));
});

test('a number out of range becomes the limit, and says so', () => {
  assert.deepEqual(clamp(100, 1, { min: 0.1, max: 50, unit: 'per second' }), { value: 50, text: '50\u00a0per second at most' });
  assert.deepEqual(clamp(-3, 1, { min: 0.1, max: 50 }), { value: 0.1, text: '0.1 at least' });
  assert.deepEqual(clamp(NaN, 7, { min: 0, max: 50 }), { value: 7, text: 'a number, please' });
  assert.deepEqual(clamp(20, 7, { min: 0, max: 50 }), { value: 20, text: '' });
});

test('a number between two steps becomes the nearest, and says so', () => {
  const up = { min: 0, ...NETWORK_LIMITS.up };
  assert.deepEqual(clamp(0.5, 0, up), { value: 1, text: 'in steps of 1\u00a0ms' });
  assert.deepEqual(clamp(2, 0, up), { value: 2, text: '' });
  assert.deepEqual(clamp(0.3, 0, { min: 0, ...NETWORK_LIMITS.loss }), { value: 0.3, text: '' });
  assert.deepEqual(clamp(0.34, 0, { min: 0, ...NETWORK_LIMITS.loss }).value, 0.3);
});
