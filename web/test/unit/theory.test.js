import assert from 'node:assert/strict';
import { test } from 'node:test';
import { predict } from '../../model/theory.js';
import { presets } from '../../model/presets.js';

const CHAT = { rate: 0.0005, intervalMs: 2000, delay: 40, hold: 25_000 };

/** @param {number} actual @param {number} expected */
function assertNear(actual, expected) {
  assert.ok(Math.abs(actual - expected) <= expected * 0.01 + 1e-9, `${actual} is not near ${expected}`);
}

test('polling adds half its interval to the delay', () => {
  assertNear(predict('interval', CHAT).mean, 1040);
  assertNear(predict('interval', CHAT).emptyShare ?? 0, Math.exp(-1));
  assert.equal(predict('interval', CHAT).requestsPerSecond, 0.5);
});

test('a chain also waits for the response, so it is slower', () => {
  assertNear(predict('chained', CHAT).mean, 1080);
});

test('long polling adds little when quiet, and sends a request per round trip when busy', () => {
  const quiet = predict('longpoll', CHAT);
  assert.ok(quiet.mean > 40 && quiet.mean < 43, String(quiet.mean));
  assertNear(quiet.requestsPerSecond, 0.5);
  const busy = predict('longpoll', { ...CHAT, rate: 1, delay: 100 });
  assertNear(busy.requestsPerSecond, 5);
  assertNear(busy.mean, 200);
});

test('a WebSocket adds nothing to the delay, and sends no requests', () => {
  assert.deepEqual([predict('ws', CHAT).mean, predict('ws', CHAT).requestsPerSecond], [40, 0]);
});

test('every distribution starts at 0, ends at 1 and has the predicted mean', () => {
  for (const transport of /** @type {const} */ (['interval', 'chained', 'longpoll', 'ws'])) {
    const { arrived, mean } = predict(transport, CHAT);
    assert.equal(arrived(0), 0);
    assert.equal(arrived(10_000), 1);
    let integral = 0;
    for (let ms = 0; ms < 10_000; ms++) integral += 1 - arrived(ms + 0.5);
    assert.ok(Math.abs(integral - mean) < 1, `${transport}: ${integral} is not ${mean}`);
  }
});

test('95 % of the messages have arrived after p95, and fewer just before it', () => {
  const busy = { ...CHAT, rate: 0.01, delay: 200 };
  for (const parameters of [CHAT, busy]) {
    for (const transport of /** @type {const} */ (['interval', 'chained', 'longpoll', 'ws'])) {
      const { arrived, p95 } = predict(transport, parameters);
      assert.ok(arrived(p95 + 1e-6) >= 0.95, transport);
      assert.ok(arrived(p95 - 1e-6) < 0.95 + 1e-9, transport);
    }
  }
  assert.equal(predict('interval', CHAT).p95, 0.95 * 2000 + 40);
  assert.equal(predict('longpoll', CHAT).p95, 40); // fewer than 5 % fall into the gap
});

test('each preset has its own key, three transports, and names its simulation', () => {
  assert.equal(new Set(presets.map(({ key }) => key)).size, 10);
  for (const { id, transports, network, outage, blockedConnections, injected } of presets) {
    assert.equal(transports.length, 3, id);
    const isSimulated = Object.keys(network).length > 0 || Boolean(outage ?? blockedConnections);
    assert.equal(isSimulated, injected !== '', id);
  }
});

test('an outage delays what is published meanwhile until it ends', () => {
  const outage = { ms: 8000, share: 0.4 };
  const { mean, p95, arrived } = predict('interval', { ...CHAT, outage });
  const undisturbed = predict('interval', CHAT);
  assertNear(mean, 0.6 * undisturbed.mean + 0.4 * 4000);
  assertNear(arrived(p95), 0.95);
  assertNear(arrived(8000), 1);
  assert.equal(predict('ws', { ...CHAT, outage: { ms: 8000, share: 0.01 } }).p95, predict('ws', CHAT).p95);
});
