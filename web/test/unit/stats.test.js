import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyEvent, applyPageEvent, emptyPageStats, emptyStats } from '../../model/stats.js';
import { EXCHANGE, batch, message, receiptOf } from './fixtures.js';

/**
 * @typedef {import('../../model/events.js').PageEvent} PageEvent
 * @typedef {import('../../model/events.js').PaneEvent} PaneEvent
 * @typedef {import('../../model/events.js').Receipt} Receipt
 */

/** @param {number} version @param {Partial<Receipt>} [fields] @returns {PaneEvent} */
const response = (version, fields) => ({
  type: 'response', update: batch(version - 1, version), receipt: receiptOf(version, fields, version),
});

/** @type {PaneEvent} */
const EMPTY = {
  type: 'response', update: batch(0, 0), receipt: receiptOf(0, { newMessages: [], messages: [] }),
};
/** @type {PaneEvent} */
const REQUEST = { type: 'request', exchange: EXCHANGE, isQueued: false };
/** @type {PaneEvent} */
const OPEN = { type: 'open', exchange: EXCHANGE };
/** @type {PaneEvent} */
const ERROR = { type: 'error', exchange: EXCHANGE, isQueued: false, reason: '', timedOut: false };

/** @param {boolean} opened @param {boolean} expected @returns {PaneEvent} */
const close = (opened, expected) => ({ type: 'close', exchange: EXCHANGE, code: 1006, reason: '', opened, expected });

/** @param {PaneEvent[]} events each a millisecond after the one before */
function statsAfter(...events) {
  const stats = emptyStats();
  for (const [index, event] of events.entries()) applyEvent(stats, { ...event, at: index + 1 });
  return stats;
}

test('a request is in flight until its response, error or cancellation', () => {
  assert.equal(statsAfter(REQUEST).inFlight, 1);
  const responded = statsAfter(REQUEST, EMPTY);
  assert.deepEqual([responded.segment.responses, responded.segment.empty, responded.inFlight], [1, 1, 0]);
  const failed = statsAfter(REQUEST, ERROR);
  assert.deepEqual([failed.segment.responses, failed.segment.errors, failed.inFlight], [0, 1, 0]);
  const cancelled = statsAfter(REQUEST, { type: 'cancel', exchange: EXCHANGE, isQueued: false });
  assert.deepEqual([cancelled.segment.errors, cancelled.inFlight], [0, 0]);
});

test('a socket is in flight until it opens, and an unexpected close is an error', () => {
  assert.equal(statsAfter(REQUEST, OPEN).inFlight, 0);
  assert.equal(statsAfter(REQUEST, OPEN, close(true, false)).segment.errors, 1);
  assert.equal(statsAfter(REQUEST, OPEN, close(true, true)).segment.errors, 0);
  assert.equal(statsAfter(REQUEST, close(false, false)).inFlight, 0);
});

test('a frame is a response, but ends no request', () => {
  const frame = /** @type {PaneEvent} */ ({ ...response(1), type: 'frame' });
  const stats = statsAfter(REQUEST, OPEN, frame, frame);
  assert.deepEqual([stats.segment.responses, stats.inFlight], [2, 0]);
});

test('new messages are delivered, measured and displayed', () => {
  const stats = statsAfter(REQUEST, response(1), REQUEST, response(2));
  assert.deepEqual([stats.delivered, stats.shown, stats.segment.bodyBytes], [2, 2, 8]);
  assert.deepEqual(stats.segment.latencies.map(({ ms }) => ms), [1, 2]);
  assert.deepEqual(stats.entries.map((entry) => entry.kind !== 'gap' && entry.message.version), [2, 1]);
});

test('messages that arrive in a hidden tab are delivered, but not measured', () => {
  const newMessages = receiptOf(1).newMessages.map((delivery) => ({ ...delivery, isMeasured: false }));
  const stats = statsAfter(response(1, { newMessages }));
  assert.deepEqual([stats.delivered, stats.segment.latencies.length], [1, 0]);
});

test('a queued request is counted until it is sent or cancelled', () => {
  const queued = /** @type {PaneEvent} */ ({ type: 'request', exchange: EXCHANGE, isQueued: true });
  const sent = /** @type {PaneEvent} */ ({ type: 'sent', exchange: EXCHANGE });
  const cancelled = /** @type {PaneEvent} */ ({ type: 'cancel', exchange: EXCHANGE, isQueued: true });
  const counts = (/** @type {PaneEvent[]} */ ...events) => {
    const { queued: inBrowser, inFlight, state } = statsAfter(...events);
    return [inBrowser, inFlight, state];
  };
  assert.deepEqual(counts(queued, queued), [2, 2, 'queued']);
  assert.deepEqual(counts(queued, queued, sent), [1, 2, 'polling']);
  assert.deepEqual(counts(queued, cancelled), [0, 0, 'queued']);
});

test('a text that lacks what another author wrote counts as overwritten, their own edit does not', () => {
  const text = (/** @type {number} */ version, /** @type {string} */ sender, /** @type {string} */ body) => {
    const sharedText = message(version, { kind: 'text', sender, body });
    const delivery = { message: sharedText, latency: { ms: 1, error: 0 }, bytes: 4, isMeasured: true };
    return response(version, { newMessages: [delivery], messages: [sharedText] });
  };
  const typed = [text(1, 'ana', 'one'), text(2, 'ana', 'on'), text(3, 'ben', 'on!')];
  assert.equal(statsAfter(...typed).overwritten, 0);
  const { overwritten, lost } = statsAfter(...typed, text(4, 'ana', 'one'));
  assert.deepEqual([overwritten, lost?.text], [1, '!']);
});

test('stale responses, duplicates and gaps are counted and displayed', () => {
  const gap = /** @type {const} */ ({ type: 'gap', reason: 'truncated', epoch: 'e', oldest: 9, head: 9 });
  const stats = statsAfter(
    response(3, { newMessages: [], duplicates: 1, staleAfter: 5 }),
    response(8, { newMessages: [], messages: [], gap: { gap, missed: 3 } }),
  );
  assert.deepEqual([stats.stale, stats.duplicate, stats.gaps, stats.missed], [1, 1, 1, 3]);
  assert.deepEqual(stats.entries.map(({ kind }) => kind), ['gap', 'stale']);
});

for (const [transport, events, state] of /** @type {[any, PaneEvent[], string][]} */ ([
  ['interval', [], 'connecting'],
  ['interval', [REQUEST], 'connecting'],
  ['interval', [REQUEST, EMPTY, REQUEST], 'polling'],
  ['interval', [REQUEST, ERROR, REQUEST], 'retrying'],
  ['longpoll', [REQUEST], 'held'],
  ['longpoll', [REQUEST, ERROR, { type: 'pause', ms: 1 }], 'retrying'],
  ['ws', [REQUEST, OPEN, close(true, false)], 'open'],
  ['ws', [REQUEST, OPEN, { type: 'pause', ms: 1 }, REQUEST], 'connecting'],
  ['ws', [REQUEST, OPEN, { type: 'stopped' }, close(true, true)], 'stopped'],
])) {
  const names = events.map(({ type }) => type).join(', ') || 'its start';
  test(`${transport} is ${state} after ${names}`, () => {
    assert.equal(statsAfter({ type: 'transport', transport, intervalMs: 1000, network: '' }, ...events).state, state);
  });
}

test('the state has the time of the event that entered it', () => {
  const stats = statsAfter({ type: 'transport', transport: 'ws', intervalMs: 1000, network: '' }, REQUEST, OPEN, close(true, true));
  assert.deepEqual([stats.state, stats.stateSince], ['open', 3]);
});

/** @param {PageEvent[]} events each a millisecond after the one before */
function pageStatsAfter(...events) {
  const stats = emptyPageStats();
  for (const [index, event] of events.entries()) applyPageEvent(stats, { ...event, at: index + 1 });
  return stats;
}

test('published messages are counted, and the newest versions are known', () => {
  const stats = pageStatsAfter(
    { type: 'start', since: 4 },
    { type: 'published', id: 'b', version: 6 },
    { type: 'remote', message: message(5) },
    { type: 'published', id: 'c', version: 7 },
  );
  assert.deepEqual([stats.published, stats.newestPublished, stats.newestRemote], [2, 7, 5]);
  assert.equal(pageStatsAfter({ type: 'start', since: 4 }).newestRemote, 4);
});

test('a run has the times of its start and stop', () => {
  const START = /** @type {const} */ ({ type: 'start', since: 0 });
  assert.deepEqual([emptyPageStats().startedAt, emptyPageStats().stoppedAt], [0, null]);
  const stopped = pageStatsAfter(START, { type: 'stop', isComplete: true });
  assert.equal(stopped.isComplete, true);
  assert.equal(pageStatsAfter(START, { type: 'stop', isComplete: false }).isComplete, false);
  assert.deepEqual([stopped.startedAt, stopped.stoppedAt], [1, 2]);
  const restarted = pageStatsAfter(START, { type: 'stop', isComplete: true }, START);
  assert.equal(restarted.isComplete, false);
  assert.deepEqual([restarted.startedAt, restarted.stoppedAt], [3, null]);
});
