import assert from 'node:assert/strict';
import { test } from 'node:test';
import { intervalsOf } from '../../model/intervals.js';
import { cloneStats } from '../../model/stats.js';
import { KEPT_MS, createTimeline } from '../../model/timeline.js';
import { batch, message, receiptOf } from './fixtures.js';

/**
 * @typedef {import('../../model/events.js').PageEvent} PageEvent
 * @typedef {import('../../model/events.js').TimedPageEvent} TimedPageEvent
 * @typedef {import('../../model/events.js').TimedPaneEvent} TimedPaneEvent
 */

/** @param {number} version @param {number} at @returns {TimedPaneEvent} */
function frame(version, at) {
  const receipt = receiptOf(version);
  return { type: 'frame', pane: 'ws', at, update: batch(version - 1, version), receipt };
}

test('the timeline computes the statistics of any moment', () => {
  const timeline = createTimeline();
  for (const version of [1, 2, 3]) timeline.add(frame(version, 100 + version));
  assert.equal(timeline.statsAt('ws', 102).delivered, 2);
  assert.equal(timeline.statsAt('ws', 100).delivered, 0);
  assert.equal(timeline.statsAt('poll', 109).delivered, 0);
  assert.deepEqual(timeline.statsAt('ws', 103), timeline.stats('ws'));
});

test('the state of a pane is that of the moment', () => {
  const timeline = createTimeline();
  const pane = 'longpoll';
  const exchange = { id: 1, path: '/longpoll', requestedAt: 2, sentAt: 2, upMs: 0, downMs: 0 };
  timeline.add({ type: 'transport', transport: 'longpoll', intervalMs: 1000, network: '', pane, at: 1 });
  timeline.add({ type: 'request', exchange, isQueued: false, pane, at: 2 });
  timeline.add({ type: 'error', exchange, isQueued: false, reason: '', timedOut: false, pane, at: 3 });
  timeline.add({ type: 'stopped', pane, at: 4 });
  const states = [0, 1, 2, 3, 4].map((at) => timeline.statsAt(pane, at).state);
  assert.deepEqual(states, ['stopped', 'connecting', 'held', 'retrying', 'stopped']);
});

test('pruned events are still counted', () => {
  const timeline = createTimeline();
  for (let version = 1; version <= 300; version++) {
    timeline.add(frame(version, version * 200));
    const oldest = timeline.events[0]?.at ?? 0;
    assert.ok(version * 200 - oldest <= KEPT_MS + 1000);
  }
  assert.ok(timeline.events.length >= KEPT_MS / 200);
  assert.equal(timeline.stats('ws').delivered, 300);
  assert.equal(timeline.statsAt('ws', 60_000).delivered, 300);
});

test('the newest version is that of the page, at any moment', () => {
  const timeline = createTimeline();
  timeline.add({ type: 'start', since: 3, pane: null, at: 1 });
  timeline.add({ type: 'published', id: 'a', version: 4, pane: null, at: 2 });
  timeline.add(frame(6, 3));
  timeline.add({ type: 'remote', message: message(5), pane: null, at: 4 });
  assert.deepEqual([0, 1, 2, 3, 4].map(timeline.newestAt), [0, 3, 4, 6, 6]);
  for (const at of [KEPT_MS + 2000, 2 * KEPT_MS]) timeline.add(frame(7, at));
  assert.ok((timeline.events[0]?.at ?? 0) > 4);
  assert.equal(timeline.newestAt(0), 6);
  timeline.clear();
  assert.equal(timeline.newestAt(3 * KEPT_MS), 0);
});

test('page events alone prune nothing', () => {
  const timeline = createTimeline();
  timeline.add(frame(1, 0));
  timeline.add({ type: 'published', id: 'a', version: 2, pane: null, at: 10 * KEPT_MS });
  assert.equal(timeline.events.length, 2);
});

test('a cleared timeline has no events and no statistics', () => {
  const timeline = createTimeline();
  timeline.add({ type: 'start', since: 3, pane: null, at: 1 });
  timeline.add(frame(4, 2));
  timeline.clear();
  assert.deepEqual([timeline.events, timeline.pageEvents, timeline.paneEvents('ws')], [[], [], []]);
  assert.equal(timeline.stats('ws').delivered, 0);
  assert.equal(timeline.pageStats.startedAt, 0);
});

test('intervals last from their first event to their end, or to now', () => {
  /** @type {PageEvent[]} */
  const events = [
    { type: 'hidden' },
    { type: 'link', down: true },
    { type: 'hidden' },
    { type: 'visible' },
    { type: 'visible' },
    { type: 'link', down: false },
    { type: 'hidden' },
  ];
  const timed = events.map((event, at) => /** @type {TimedPageEvent} */ ({ ...event, pane: null, at }));
  assert.deepEqual(intervalsOf(timed, 9), [
    { kind: 'hidden', from: 0, to: 3 },
    { kind: 'outage', from: 1, to: 5 },
    { kind: 'hidden', from: 6, to: 9 },
  ]);
});

test('a snapshot is shown again as it was, although the timeline has changed since', () => {
  const timeline = createTimeline();
  timeline.add({ type: 'start', since: 0, pane: null, at: 100 });
  for (const version of [1, 2, 3]) timeline.add(frame(version, 100 + version));
  timeline.add({ type: 'stop', isComplete: true, pane: null, at: 110 });
  const before = [cloneStats(timeline.stats('ws')), { ...timeline.pageStats }, timeline.events.slice(), timeline.newestAt(200)];
  const snapshot = timeline.snapshot();
  timeline.add(frame(4, 111));
  timeline.clear();
  assert.deepEqual([timeline.stats('ws').delivered, timeline.pageStats.startedAt, timeline.newestAt(200)], [0, 0, 0]);
  timeline.restore(snapshot);
  timeline.add(frame(5, 112)); // does not change the snapshot
  timeline.restore(snapshot);
  assert.deepEqual([timeline.stats('ws'), { ...timeline.pageStats }, timeline.events.slice(), timeline.newestAt(200)], before);
  assert.equal(timeline.stats('ws').delivered, 3);
  assert.equal(timeline.statsAt('ws', 102).delivered, 2);
});
