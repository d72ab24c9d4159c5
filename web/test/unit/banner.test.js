import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pausedText } from '../../view/banner.js';

/** @param {boolean} running */
const lab = (running) => /** @type {any} */ ({ running, timeline: { pageStats: { startedAt: 10_000 } } });

/** @param {'running' | 'finished' | null} [replay] */
const playback = (replay = null) => /** @type {any} */ ({ replay, speed: 0.25 });

test('only while it runs, a paused page says that traffic continues', (context) => {
  context.mock.method(performance, 'now', () => 60_000);
  assert.match(pausedText(playback(), lab(true), 58_000), /^Paused: 2\.0 s ago\. Traffic continues\. Space or \. : live/);
  const stopped = pausedText(playback(), lab(false), 25_500);
  assert.match(stopped, /^Paused: second 15\.5 of the run, which has ended\./);
  assert.doesNotMatch(stopped, /continues/);
  assert.match(pausedText(playback('running'), lab(false), 12_000), /^Replay ¼×: second 2\.0 of the run/);
});
