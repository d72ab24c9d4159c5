import assert from 'node:assert/strict';
import { test } from 'node:test';
import { estimateOffset } from '../../model/clock.js';
import { bytes, count, durationText, latencyText } from '../../model/format.js';
import { bodyOf, dueTimes, gaps, random } from '../../model/arrivals.js';
import { quantile, summarize } from '../../model/quantiles.js';
import { behindText, doubtText, positionText, sampleText, stateText } from '../../view/figures.js';
import { rateText } from '../../view/summary.js';
import { emptyStats } from '../../model/stats.js';
import { decadesOf } from '../../view/distribution.js';

test('quantiles are measured values', () => {
  assert.equal(quantile([1, 2, 3, 4], 0.5), 2);
  assert.equal(quantile([1, 2, 3, 4], 0.95), 4);
  assert.equal(quantile([7], 0.5), 7);
  assert.equal(quantile([], 0.5), null);
});

test('the last value of a summary is the last to arrive', () => {
  assert.deepEqual(summarize([9, 1, 5]), { n: 3, p50: 5, p95: 9, mean: 5, last: 5 });
  assert.deepEqual(summarize([]), { n: 0, p50: null, p95: null, mean: null, last: null });
});

test('the sample with the shortest round trip counts', () => {
  const slow = { sent: 0, received: 100, at: 1090 };
  const fast = { sent: 200, received: 204, at: 1202 };
  assert.deepEqual(estimateOffset([slow, fast]), { offset: 1000, error: 2 });
  assert.equal(estimateOffset([]), null);
});

test('the same seed gives the same schedule, another seed a different one', () => {
  /** @param {number} seed */
  const first = (seed) => {
    const schedule = gaps('poisson', 5, random(seed));
    return Array.from({ length: 20 }, () => schedule.next().value);
  };
  assert.deepEqual(first(42), first(42));
  assert.notDeepEqual(first(42), first(43));
});

test('poisson gaps have the mean and the deviation of an exponential', () => {
  const schedule = gaps('poisson', 10, random(42));
  const sample = Array.from({ length: 20_000 }, () => schedule.next().value);
  const mean = sample.reduce((total, gap) => total + gap, 0) / sample.length;
  const deviation = Math.sqrt(sample.reduce((total, gap) => total + (gap - mean) ** 2, 0) / sample.length);
  assert.ok(Math.abs(mean - 100) < 3, `mean ${mean}`);
  assert.ok(Math.abs(deviation - 100) < 5, `deviation ${deviation}`);
});

test('steady gaps are equal', () => {
  const schedule = gaps('steady', 4, random(1));
  assert.deepEqual([schedule.next().value, schedule.next().value], [250, 250]);
});

test('due times are the sums of the gaps', () => {
  const schedule = dueTimes('poisson', 4, 1);
  const between = gaps('poisson', 4, random(1));
  const first = Number(between.next().value);
  assert.deepEqual([schedule.next().value, schedule.next().value], [first, first + Number(between.next().value)]);
});

test('a steady schedule starts at a phase of its seed', () => {
  const firstTwo = (/** @type {number} */ seed) => {
    const schedule = dueTimes('steady', 4, seed);
    return [Number(schedule.next().value), Number(schedule.next().value)];
  };
  const phases = [1, 2, 3].map((seed) => firstTwo(seed)[0]);
  assert.equal(new Set(phases).size, 3);
  for (const phase of phases) assert.ok(Number(phase) > 0 && Number(phase) <= 250);
  const [first = 0, second = 0] = firstTwo(1);
  assert.equal(Math.round(second - first), 250);
});

test('the publisher sends bodies of 60 bytes', () => {
  for (const number of [1, 42, 12_345]) assert.equal(Buffer.byteLength(bodyOf(number)), 60);
});

test('durations have a unit and no more digits than the clock', () => {
  assert.equal(durationText(3.14), '3.1\u00a0ms');
  assert.equal(durationText(9.96), '10\u00a0ms');
  assert.equal(durationText(999.6), '1.00\u00a0s');
  assert.equal(durationText(1040), '1.04\u00a0s');
  assert.equal(durationText(12_345), '12.3\u00a0s');
  assert.equal(durationText(null), '–');
});

test('bytes have decimal prefixes', () => {
  assert.equal(bytes(999), '999\u00a0B');
  assert.equal(bytes(9876), '9.9\u00a0kB');
  assert.equal(bytes(45_678), '46\u00a0kB');
  assert.equal(bytes(999_900), '1.0\u00a0MB');
});

test('counts have thousands separators', () => {
  assert.equal(count(999), '999');
  assert.equal(count(1_234_567), '1\u202f234\u202f567');
});


test('a pane is behind the newest version that the page knows, not its own last response', () => {
  const stats = { ...emptyStats(), delivered: 5, shown: 5, head: 5 };
  assert.equal(positionText(stats, 5), 'showing #5, up to date');
  assert.equal(positionText(stats, 14) + behindText(stats, 14), 'showing #5, 9 behind');
  assert.equal(positionText({ ...emptyStats(), state: 'polling' }, 14), 'nothing shown yet');
  assert.equal(behindText(emptyStats(), 14), '');
});

test('a lesson shows nothing until a message of its run arrives', () => {
  const before = { ...emptyStats(), state: /** @type {const} */ ('polling'), shown: 1357 };
  assert.equal(positionText(before, 1357), 'showing #1357, up to date');
  assert.equal(positionText(before, 1358, true) + behindText(before, 1358, true), 'nothing shown yet');
  assert.equal(positionText({ ...before, delivered: 1, shown: 1358 }, 1358, true), 'showing #1358, up to date');
});

test('without a message nothing is measured yet, and after the run not at all', () => {
  assert.equal(sampleText({ ...emptyStats(), state: 'polling' }), 'no message measured yet');
  assert.equal(sampleText(emptyStats()), 'no message measured');
});

test('a rate has enough digits, and none in the first second', () => {
  assert.deepEqual([rateText(1, 20), rateText(3, 20), rateText(19, 20), rateText(80, 20)], ['0.05', '0.15', '0.95', '4.0']);
  assert.equal(rateText(1, 0.4), '–');
});

test('the time axis grows by decades until it holds every latency', () => {
  const curve = (/** @type {number[]} */ ...values) => ({ kind: /** @type {const} */ ('poll'), name: '', values, model: null, isFinished: false });
  assert.equal(decadesOf([]), 4);
  assert.equal(decadesOf([curve(0.2, 10_000)]), 4);
  assert.equal(decadesOf([curve(3), curve(11_000)]), 5);
  assert.equal(decadesOf([curve(100_001)]), 6);
});

test('a latency is not shown below its possible error, nor an unknown one', () => {
  assert.equal(latencyText({ ms: 12, error: 0 }), '12\u00a0ms');
  assert.equal(latencyText({ ms: 1, error: 3 }), '< 3.0\u00a0ms');
  assert.equal(latencyText({ ms: 0, error: Infinity }), 'unknown');
});

test('a pane without a connection does not know what is new', () => {
  const stats = { ...emptyStats(), shown: 3, delivered: 3, state: /** @type {const} */ ('retrying') };
  assert.equal(doubtText(stats, 3), ' as far as known');
  assert.equal(doubtText(stats, 4), '');
  assert.equal(doubtText({ ...stats, state: 'open' }, 3), '');
  assert.equal(doubtText(emptyStats(), 0), '');
});

test('a server that rejects a request is connected', () => {
  const stats = { ...emptyStats(), state: /** @type {const} */ ('retrying') };
  assert.equal(stateText(stats, 0), 'no connection, retrying');
  assert.equal(stateText({ ...stats, rejection: 400 }, 0), 'rejected: 400, retrying');
});
