import assert from 'node:assert/strict';
import { test } from 'node:test';
import { presetOf } from '../../model/presets.js';
import { createBeats } from '../../session/beats.js';

/** A lesson whose run and replay are controlled by the test. */
function createLesson() {
  const calls = /** @type {string[]} */ ([]);
  const pageStats = { startedAt: 0 };
  const lab = { settings: { preset: presetOf('chat') }, running: false, timeline: { pageStats }, stop: () => calls.push('stop') };
  const playback = {
    paused: false,
    replay: /** @type {'running' | null} */ (null),
    startReplay: () => Object.assign(playback, { paused: true, replay: 'running' }),
    goLive: () => Object.assign(playback, { paused: false, replay: null }),
  };
  const hooks = {
    select: (/** @type {any} */ preset) => calls.push(`select ${preset?.id ?? 'free'}`),
    goBack: (/** @type {any} */ preset) => calls.push(`back to ${preset?.id ?? 'free'}`),
    start: () => calls.push('start'),
    onEnd: () => calls.push('end'),
  };
  const beats = createBeats(/** @type {any} */ (lab), /** @type {any} */ (playback), hooks);
  return { calls, lab, pageStats, playback, beats };
}

test('a second press while a run starts does not end it', (context) => {
  context.mock.method(performance, 'now', () => 60_000); // the page is open for a minute
  const { calls, lab, pageStats, beats } = createLesson();
  beats.next();
  lab.running = true; // it still connects
  beats.next();
  pageStats.startedAt = performance.now();
  beats.next();
  assert.deepEqual(calls, ['start']);
  pageStats.startedAt = performance.now() - 1001;
  beats.next();
  assert.deepEqual(calls, ['start', 'stop']);
});

test('the beats of a finished run can be walked in both directions', () => {
  const { calls, pageStats, beats } = createLesson();
  pageStats.startedAt = 1;
  const walk = (/** @type {('next' | 'previous')[]} */ ...steps) =>
    steps.map((step) => {
      beats[step]();
      return beats.beat;
    });
  assert.equal(beats.beat, 'explain');
  assert.deepEqual(walk('previous', 'previous', 'next', 'next'), ['run', 'ask', 'run', 'explain']);
  assert.deepEqual(calls, []);
  beats.next();
  beats.previous();
  beats.previous();
  beats.previous();
  assert.deepEqual(calls, ['select order', 'back to idle']);
});

test('back from a running lesson ends its run, and a nervous second press does not', () => {
  const { calls, lab, pageStats, beats } = createLesson();
  Object.assign(pageStats, { startedAt: performance.now() });
  lab.running = true;
  beats.previous();
  assert.deepEqual(calls, []);
  Object.assign(pageStats, { startedAt: performance.now() - 5000 });
  beats.previous();
  assert.deepEqual(calls, ['stop']);
});

test('a paused view first returns to live, in both directions', () => {
  for (const step of /** @type {const} */ (['next', 'previous'])) {
    const { calls, lab, pageStats, playback, beats } = createLesson();
    Object.assign(pageStats, { startedAt: performance.now() - 5000 });
    for (const running of [true, false]) {
      Object.assign(lab, { running });
      playback.paused = true;
      beats[step]();
      assert.deepEqual([calls, playback.paused], [[], false]);
    }
  }
});

test('after the last lesson its explanation stays', () => {
  const { calls, lab, pageStats, beats } = createLesson();
  lab.settings.preset = presetOf('lab');
  pageStats.startedAt = 1;
  beats.next();
  assert.deepEqual([calls, beats.beat], [['end'], 'explain']);
});
