import assert from 'node:assert/strict';
import { test } from 'node:test';
import { figuresOf } from '../../model/figures.js';
import { lostText, emptyStats } from '../../model/stats.js';
import { axisTicks, fittedWindow, runningWindow } from '../../model/time-window.js';
import { headlinesOf } from '../../view/headlines.js';
import { EXCHANGE } from './fixtures.js';

/**
 * @typedef {import('../../model/events.js').TimedPaneEvent} TimedPaneEvent
 * @typedef {import('../../model/figures.js').PaneFigures} PaneFigures
 * @typedef {import('../../model/presets.js').Settings} Settings
 */

const UNKNOWN = { up: null, down: null };

/** @param {Partial<PaneFigures>} [fields] @returns {PaneFigures} */
const figures = (fields = {}) => ({
  ...figuresOf(emptyStats(), [], [], UNKNOWN, 0, 'interval'),
  ...fields,
});

/** @param {number} at @param {'request' | 'cancel'} type */
const event = (at, type = 'request') =>
  /** @type {TimedPaneEvent} */ ({ type, exchange: EXCHANGE, isQueued: false, at, pane: 'poll' });

test('requests while the network was down are counted, and the most that waited at once', () => {
  const events = [event(1), event(5), event(6), event(7, 'cancel'), event(8, 'cancel'), event(9)];
  const outage = /** @type {const} */ ({ kind: 'outage', from: 4, to: 8 });
  const { offline, waiting, outageMs } = figuresOf(emptyStats(), events, [outage], UNKNOWN, 10, 'interval');
  assert.deepEqual([offline, waiting, outageMs], [2, 3, 4]);
});

test('a request is queued until it is sent or ends, and the longest time counts', () => {
  const queued = (/** @type {number} */ at, /** @type {string} */ type, /** @type {number} */ requestedAt, isQueued = true) =>
    /** @type {TimedPaneEvent} */ ({ type, exchange: { ...EXCHANGE, requestedAt }, isQueued, at, pane: 'poll' });
  const events = [
    queued(1000, 'request', 1000),
    queued(1500, 'request', 1500),
    queued(1600, 'request', 1600, false),
    queued(9000, 'sent', 1000),
    queued(9900, 'cancel', 1500),
    queued(9900, 'cancel', 1600, false),
    queued(9950, 'request', 9950), // alone in the queue
  ];
  const { mostQueued, longestQueued } = figuresOf(emptyStats(), events, [], UNKNOWN, 10_000, 'interval');
  assert.deepEqual([mostQueued, longestQueued], [2, 8400]);
  const twice = [...events, queued(9960, 'request', 9960), queued(9970, 'request', 9970)];
  assert.equal(figuresOf(emptyStats(), twice, [], UNKNOWN, 10_000, 'interval').mostQueued, 3);
  assert.equal(figuresOf(emptyStats(), [queued(1, 'request', 1, false)], [], UNKNOWN, 2, 'ws').longestQueued, null);
});

test('a pane that was changed is not whole: its figures count from the change', () => {
  const stats = emptyStats();
  const isWhole = () => figuresOf(stats, [], [], UNKNOWN, 0, 'interval').isWhole;
  assert.equal(isWhole(), true);
  stats.earlier.push(stats.segment);
  assert.equal(isWhole(), false);
});

test('the rate of requests in a hidden tab is that of its hidden time', () => {
  const stats = emptyStats();
  Object.assign(stats.segment, { activeMs: 8000, requests: 20 });
  const hidden = /** @type {const} */ ({ kind: 'hidden', from: 2000, to: 6000 });
  const events = [3000, 4000, 5000, 5900].map((at) => event(at));
  const found = figuresOf(stats, events, [hidden], UNKNOWN, 8000, 'interval');
  assert.deepEqual([found.hiddenRequests, found.visibleRequests], [1, 4]);
  assert.equal(figuresOf(stats, events, [], UNKNOWN, 8000, 'interval').hiddenRequests, null);
});

test('headlines have one unit, and bars on one scale', () => {
  const panes = [1180, 46, 45].map((latency) => figures({ latency }));
  const headlines = headlinesOf('latency', panes);
  assert.deepEqual(headlines.map(({ value, unit }) => value + unit), ['1\u202f180ms', '46ms', '45ms']);
  assert.deepEqual(headlines.map(({ share }) => share.toFixed(2)), ['1.00', '0.04', '0.04']);
  const slow = [11_000, 20].map((latency) => figures({ latency }));
  assert.deepEqual(headlinesOf('latency', slow).map(({ value, unit }) => value + unit), ['11.0s', '0.0s']);
});

test('a round trip is 24 pixels wide, and fifty messages per second do not touch', () => {
  const settings = /** @type {Settings} */ ({ preset: null, network: { up: 100, down: 100 }, schedule: 'off' });
  const { span } = runningWindow(0, settings, 1, 480);
  assert.equal((200 / span) * 480, 24);
  const busy = /** @type {Settings} */ ({ ...settings, network: {}, schedule: 'steady' });
  assert.equal(runningWindow(0, busy, 1, 480).span, 10_000);
  assert.equal(runningWindow(0, busy, 50, 480).span, 1000);
});

test('the window of an explained run begins at its start', () => {
  const run = { startedAt: 1000, stoppedAt: 21_000, isComplete: true, published: 0, newestPublished: 0, newestRemote: 0 };
  const fitted = fittedWindow(run, 21_004);
  assert.equal(fitted.to - fitted.span, 1000);
  assert.ok(fitted.to > 21_004);
  assert.deepEqual(axisTicks(fitted, 6).map(({ at }) => at), [1000, 6000, 11_000, 16_000, 21_000]);
  assert.deepEqual(axisTicks(fitted, 6).map(({ text }) => text), ['0', '5', '10', '15', '20'].map((s) => `${s}\u00a0s`));
});

test('what a text lacks of the one before is found between what both begin and end with', () => {
  assert.equal(lostText('hello world', 'hello moon world'), '');
  assert.equal(lostText('hello ana', 'hello ben'), 'ana');
  assert.equal(lostText('abc', 'abcd'), '');
  assert.equal(lostText('abcd', 'ab'), 'cd');
});
