import assert from 'node:assert/strict';
import { test } from 'node:test';
import { predict } from '../../model/theory.js';
import { presets } from '../../model/presets.js';

const CHAT = { rate: 0.0005, every: 2000, delay: 40, hold: 25_000 };

/** @param {number} actual @param {number} expected */
function near(actual, expected) {
  assert.ok(Math.abs(actual - expected) <= expected * 0.01 + 1e-9, `${actual} is not near ${expected}`);
}

test('polling is late by half its interval and the way', () => {
  near(predict('interval', CHAT).mean, 1040);
  near(predict('interval', CHAT).emptyShare ?? 0, Math.exp(-1));
  assert.equal(predict('interval', CHAT).requestsPerSecond, 0.5);
});

test('a chain waits for the answer too, so it is a little slower', () => {
  near(predict('chained', CHAT).mean, 1080);
});

test('long polling is hardly later than the way when quiet, and busy asks once a round trip', () => {
  const quiet = predict('longpoll', CHAT);
  assert.ok(quiet.mean > 40 && quiet.mean < 43, String(quiet.mean));
  near(quiet.requestsPerSecond, 0.5);
  const busy = predict('longpoll', { ...CHAT, rate: 1, delay: 100 });
  near(busy.requestsPerSecond, 5);
  near(busy.mean, 200);
});

test('a WebSocket takes the way and asks nothing', () => {
  assert.deepEqual([predict('ws', CHAT).mean, predict('ws', CHAT).requestsPerSecond], [40, 0]);
});

test('every distribution begins at 0, ends at 1 and has the mean that is said', () => {
  for (const technique of /** @type {const} */ (['interval', 'chained', 'longpoll', 'ws'])) {
    const { arrived, mean } = predict(technique, CHAT);
    assert.equal(arrived(0), 0);
    assert.equal(arrived(10_000), 1);
    let integral = 0;
    for (let ms = 0; ms < 10_000; ms++) integral += 1 - arrived(ms + 0.5);
    assert.ok(Math.abs(integral - mean) < 1, `${technique}: ${integral} is not ${mean}`);
  }
});

test('presets have a key each, three techniques, and say what they inject', () => {
  assert.equal(new Set(presets.map(({ key }) => key)).size, 10);
  for (const { id, techniques, network, outage, hogs, injected } of presets) {
    assert.equal(techniques.length, 3, id);
    const worse = Object.keys(network).length > 0 || Boolean(outage) || Boolean(hogs);
    assert.equal(worse, injected !== '', id);
  }
});
