import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPlayback } from '../../model/playback.js';
import { createTimeline } from '../../model/timeline.js';

/** A playback of a run with events at 1000, 2000 and 3000, at a time set by the test.
 * @param {import('node:test').TestContext} context */
function withRun(context) {
  const clock = { now: 5000, running: true };
  context.mock.method(performance, 'now', () => clock.now);
  const timeline = createTimeline();
  timeline.add({ type: 'start', since: 0, pane: null, at: 1000 });
  timeline.add({ type: 'hidden', pane: null, at: 2000 });
  timeline.add({ type: 'stopped', pane: 'ws', at: 3000 });
  return { clock, timeline, playback: createPlayback(timeline, () => clock.running, () => {}) };
}

test('live is now', (context) => {
  const { clock, playback } = withRun(context);
  clock.now = 6000;
  assert.deepEqual([playback.now(), playback.paused, playback.moving], [6000, false, true]);
});

test('after a run the view stops at its end', (context) => {
  const { clock, timeline, playback } = withRun(context);
  timeline.add({ type: 'stop', isComplete: true, pane: null, at: 3000 });
  clock.running = false;
  assert.deepEqual([playback.now(), playback.moving], [5000, false]);
  clock.now = 4000;
  assert.deepEqual([playback.now(), playback.moving], [4000, true]);
  clock.now = 500_000;
  assert.equal(playback.now(), 5000);
});

test('a pause stands still, and live continues', (context) => {
  const { clock, playback } = withRun(context);
  playback.togglePause();
  clock.now = 7000;
  assert.deepEqual([playback.now(), playback.paused, playback.moving], [5000, true, false]);
  playback.togglePause();
  assert.deepEqual([playback.now(), playback.paused], [7000, false]);
});

test('a replay runs from the first event to the pause', (context) => {
  const { clock, playback } = withRun(context);
  playback.startReplay();
  assert.deepEqual([playback.now(), playback.replay], [1000, 'running']);
  clock.now += 1500;
  assert.equal(playback.now(), 2500);
  clock.now += 60_000;
  assert.deepEqual([playback.now(), playback.replay], [5000, 'finished']);
});

test('another speed continues where the replay is', (context) => {
  const { clock, playback } = withRun(context);
  playback.startReplay();
  clock.now += 1000;
  playback.changeSpeed(-1);
  assert.deepEqual([playback.now(), playback.speed], [2000, 0.25]);
  clock.now += 1000;
  assert.equal(playback.now(), 2250);
});

test('steps go from event to event, and not beyond the pause', (context) => {
  const { timeline, playback } = withRun(context);
  playback.togglePause();
  timeline.add({ type: 'visible', pane: null, at: 5500 });
  const step = (/** @type {-1 | 1} */ direction) => (playback.stepToEvent(direction), playback.now());
  assert.deepEqual([step(-1), step(-1), step(-1), step(-1)], [3000, 2000, 1000, 1000]);
  assert.deepEqual([step(1), step(1), step(1)], [2000, 3000, 3000]);
});
