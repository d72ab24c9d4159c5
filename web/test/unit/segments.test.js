import assert from 'node:assert/strict';
import { test } from 'node:test';
import { switchesIn } from '../../model/segments.js';
import { applyEvent, cloneStats, emptyStats } from '../../model/stats.js';
import { EXCHANGE, batch, receiptOf } from './fixtures.js';

/**
 * @typedef {import('../../model/events.js').PaneEvent} PaneEvent
 * @typedef {import('../../model/events.js').Timed} Timed
 * @typedef {import('../../model/events.js').TimedPaneEvent} TimedPaneEvent
 * @typedef {import('../../model/types.js').TransportId} TransportId
 */

/** @param {number} at @param {TransportId} transport @param {number} [intervalMs]
 *  @param {string} [network] */
const start = (at, transport, intervalMs = 1000, network = '') =>
  /** @type {const} */ ({ type: 'transport', transport, intervalMs, network, at, pane: 'poll' });

/** @param {number} at */
const stop = (at) => /** @type {const} */ ({ type: 'stopped', at, pane: 'poll' });

/** @param {number} at */
const request = (at) => /** @type {const} */ ({ type: 'request', exchange: EXCHANGE, isQueued: false, at, pane: 'poll' });

/** A response with one message. @param {number} at @param {number} version @param {number} ms its latency */
function response(at, version, ms) {
  const receipt = receiptOf(version, {}, ms);
  const update = batch(version - 1, version);
  return /** @type {const} */ ({ type: 'response', update, receipt, at, pane: 'poll' });
}

/** @param {(PaneEvent & Timed)[]} events */
function statsAfter(...events) {
  const stats = emptyStats();
  for (const event of events) applyEvent(stats, event);
  return stats;
}

test('a switch starts a segment, and the pane keeps what follows from its cursor', () => {
  const stats = statsAfter(
    start(0, 'interval'),
    request(0),
    response(10, 1, 5),
    start(100, 'ws'),
    request(100),
    response(120, 2, 7),
  );
  const [before] = stats.earlier;
  assert.deepEqual([before?.transport, before?.requests, before?.received], ['interval', 1, 1]);
  assert.deepEqual(before?.latencies.map(({ ms }) => ms), [5]);
  const { segment } = stats;
  assert.deepEqual([segment.number, segment.transport, segment.from], [2, 'ws', 100]);
  assert.deepEqual([segment.requests, segment.received, segment.bodyBytes], [1, 1, 4]);
  assert.deepEqual(segment.latencies.map(({ ms }) => ms), [7]);
  assert.equal(stats.delivered, 2);
});

test('another interval starts a segment where it counts', () => {
  const numberAfter = (/** @type {(PaneEvent & Timed)[]} */ ...events) =>
    statsAfter(...events).segment.number;
  assert.equal(numberAfter(start(0, 'chained', 500), start(1, 'chained', 250)), 2);
  assert.equal(numberAfter(start(0, 'chained', 500), start(1, 'interval', 500)), 2);
  assert.equal(numberAfter(start(0, 'ws', 500), start(1, 'ws', 250)), 1);
  assert.equal(numberAfter(start(0, 'ws'), start(1, 'ws', 1000, '40 ms each way')), 2);
  assert.equal(numberAfter(start(0, 'chained', 500), stop(1), start(2, 'chained', 500)), 1);
  assert.equal(numberAfter(start(0, 'chained', 500), stop(1), start(2, 'ws', 500)), 2);
});

test('what the transport before it has delayed does not count', () => {
  const { segment } = statsAfter(start(0, 'interval'), start(100, 'ws'), response(120, 1, 21));
  assert.deepEqual([segment.received, segment.latencies.length], [1, 0]);
  const counted = statsAfter(start(0, 'interval'), start(100, 'ws'), response(120, 1, 20));
  assert.equal(counted.segment.latencies.length, 1);
});

test('the time of a segment is the time that it ran', () => {
  const stats = statsAfter(start(10, 'interval'), stop(30), start(100, 'interval'), start(105, 'ws'));
  assert.equal(stats.earlier[0]?.activeMs, 25);
  assert.equal(stats.segment.activeSince, 105);
});

test('late outcomes of the transport before change no figure of the segment', () => {
  const { segment, inFlight } = statsAfter(
    start(0, 'interval'),
    request(1),
    start(2, 'ws'),
    { type: 'cancel', exchange: EXCHANGE, isQueued: false, at: 3 },
    { type: 'close', exchange: EXCHANGE, code: 1000, reason: '', opened: true, expected: true, at: 4 },
  );
  assert.deepEqual([segment.errors, segment.responses, inFlight], [0, 0, 0]);
});

test('a clone of the statistics does not change with them', () => {
  const stats = statsAfter(start(0, 'interval'), response(10, 1, 5));
  const clone = cloneStats(stats);
  for (const event of [response(20, 2, 5), start(30, 'ws')]) applyEvent(stats, event);
  assert.deepEqual([clone.segment.received, clone.segment.latencies.length], [1, 1]);
  assert.deepEqual([clone.earlier.length, clone.segment.activeSince], [0, 0]);
});

test('twenty finished segments are kept', () => {
  const switches = Array.from({ length: 30 }, (_, at) => start(at, at % 2 ? 'ws' : 'longpoll'));
  const { earlier, segment } = statsAfter(...switches);
  assert.deepEqual([earlier.length, earlier[0]?.number, segment.number], [20, 10, 30]);
});

test('a start is no switch, a change while running is', () => {
  /** @type {TimedPaneEvent[]} */
  const events = [
    start(0, 'interval'), start(1, 'interval'), start(2, 'ws'), stop(3), start(4, 'ws'), start(5, 'longpoll'),
  ];
  const times = (/** @type {TimedPaneEvent[]} */ list) => switchesIn(list).map(({ at }) => at);
  assert.deepEqual(times(events), [2, 5]);
  assert.deepEqual(times([request(1.5), ...events.slice(2)]), [2, 5]);
  assert.deepEqual(times(events.slice(3)), [5]);
  assert.deepEqual(times([]), []);
});
