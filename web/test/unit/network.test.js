import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitParamsFor } from '../../session/network.js';

test('a long poll requests the default wait of the server', () => {
  assert.deepEqual(waitParamsFor('longpoll', false, 25_000), {});
  assert.deepEqual(waitParamsFor('longpoll', false, 500), {});
});

test('a long poll requests at most 25 s, because the page waits for 35 s', () => {
  assert.deepEqual(waitParamsFor('longpoll', false, 3_600_000), { wait_ms: 25_000 });
});

test('a long poll of a hidden tab requests 2 s, or less if the server allows less', () => {
  assert.deepEqual(waitParamsFor('longpoll', true, 3_600_000), { wait_ms: 2000 });
  assert.deepEqual(waitParamsFor('longpoll', true, 500), { wait_ms: 500 });
});

test('only a long poll requests a wait', () => {
  assert.deepEqual(waitParamsFor('interval', true, 25_000), {});
  assert.deepEqual(waitParamsFor('ws', true, 25_000), {});
});
