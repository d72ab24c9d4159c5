import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptySegment } from '../../model/segments.js';
import { createKeptRuns } from '../../session/kept.js';

test('a kept run does not grow with the run that it was taken from', () => {
  const latencies = [{ ms: 1, error: 0 }];
  const bytes = { up: null, down: null };
  const result = { ...emptySegment(), pane: /** @type {const} */ ('poll'), transport: /** @type {const} */ ('interval'), seconds: 1, bytes, latencies };
  const kept = createKeptRuns();
  kept.keep({ preset: null, results: [result], figures: [], isPinned: true });
  latencies.push({ ms: 2, error: 0 });
  assert.equal(kept.all[0]?.results[0]?.latencies.length, 1);
});
