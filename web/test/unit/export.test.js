import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toCsv } from '../../session/export.js';

test('a time in the CSV has at most three decimals', () => {
  const latency = { n: 2, p50: 298.09999999403954, p95: null, mean: 0.0004, last: 1, error: 0 };
  const pane = { id: 'poll', transport: 'interval', segments: [], requests: 12, latency, bytes: { up: 1, down: null } };
  const [names = '', row = ''] = toCsv(/** @type {any} */ ({ panes: [pane] })).split('\r\n');
  const cells = Object.fromEntries(names.split(',').map((name, index) => [name, row.split(',')[index]]));
  assert.deepEqual(cells, { id: 'poll', requests: '12', n: '2', p50_ms: '298.1', p95_ms: '', mean_ms: '0', error_ms: '0', bytes_up: '1', bytes_down: '' });
});
