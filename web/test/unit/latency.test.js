import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLatencyMeter } from '../../model/latency.js';
import { message } from './fixtures.js';

/** A server clock that is an hour ahead, known to 10 ms. */
const HOUR = 3_600_000;
const KNOWN = { offset: HOUR, error: 10 };

/** A clock whose estimate the test sets. */
function fakeClock() {
  return {
    /** @type {typeof KNOWN | null} */
    estimate: KNOWN,
    invalidations: 0,
    invalidate() {
      this.invalidations += 1;
      this.estimate = null;
    },
  };
}

/**
 * A latency meter in a page whose clocks the test sets.
 * @param {import('node:test').TestContext} context
 */
function withFakes(context) {
  const page = { now: 1000, wall: performance.timeOrigin + 1000, hidden: false };
  context.mock.method(performance, 'now', () => page.now);
  context.mock.method(Date, 'now', () => page.wall);
  const clock = fakeClock();
  const meter = createLatencyMeter(clock, () => page.hidden);
  let version = 0;
  return {
    meter,
    clock,
    /** Advances both clocks. @param {number} ms */
    advance(ms) {
      page.now += ms;
      page.wall += ms;
    },
    /** @param {number} ms */
    setWallClock: (ms) => (page.wall += ms),
    hide: () => (page.hidden = true),
    /** Receives another client's message of this age, by the server's clock. @param {number} age */
    receiveRemote(age) {
      const at = performance.timeOrigin + page.now + HOUR - age;
      return meter.measure(message(++version, { at }), page.now);
    },
    /** Receives a message of this page. @param {string} id */
    receiveOwn: (id) => meter.measure(message(++version, { id }), page.now),
  };
}

/** @param {number} actual @param {number} expected */
const assertNear = (actual, expected) =>
  assert.ok(Math.abs(actual - expected) < 0.01, `${actual}, not ${expected}`);

test('own messages are measured by the own clock only', (context) => {
  const { meter, clock, advance, receiveOwn } = withFakes(context);
  clock.estimate = null;
  meter.markPublished('own');
  advance(40);
  assert.deepEqual(receiveOwn('own'), { latency: { ms: 40, error: 0 }, isMeasured: true });
  assert.deepEqual([meter.isOwnMessage('own'), meter.isOwnMessage('other')], [true, false]);
});

test('remote messages are measured by the server clock, if it is known', (context) => {
  const { clock, receiveRemote } = withFakes(context);
  const { latency, isMeasured } = receiveRemote(70);
  assertNear(latency.ms, 70);
  assert.deepEqual([latency.error, isMeasured], [10, true]);
  clock.estimate = null;
  assert.deepEqual(receiveRemote(70), { latency: { ms: 0, error: Infinity }, isMeasured: false });
});

test('messages published or received while the tab is hidden are not measured', (context) => {
  const { meter, advance, hide, receiveRemote } = withFakes(context);
  meter.resume();
  advance(50);
  assert.equal(receiveRemote(70).isMeasured, false);
  assert.equal(receiveRemote(30).isMeasured, true);
  hide();
  assert.equal(receiveRemote(30).isMeasured, false);
});

test('a message from the future invalidates the server clock', (context) => {
  const { clock, receiveRemote } = withFakes(context);
  receiveRemote(-1005); // within the error of 10 ms, and the drift allowed
  assert.equal(clock.invalidations, 0);
  assert.equal(receiveRemote(-1020).isMeasured, false);
  assert.equal(clock.invalidations, 1);
});

test('a newer message with an older time invalidates the server clock', (context) => {
  const { clock, receiveRemote } = withFakes(context);
  receiveRemote(0);
  receiveRemote(990);
  assert.equal(clock.invalidations, 0);
  assert.equal(receiveRemote(2000).isMeasured, false);
  assert.equal(clock.invalidations, 1);
});

test('an older message that arrives late invalidates nothing', (context) => {
  const { meter, clock, receiveRemote } = withFakes(context);
  receiveRemote(0);
  meter.measure(message(0, { at: performance.timeOrigin }), performance.now());
  assert.equal(clock.invalidations, 0);
});

test('a set wall clock and a suspension invalidate the server clock', (context) => {
  const { meter, clock, advance, setWallClock } = withFakes(context);
  advance(9000);
  meter.checkClock();
  setWallClock(900);
  meter.checkClock();
  assert.equal(clock.invalidations, 0);
  setWallClock(-1100);
  meter.checkClock();
  assert.equal(clock.invalidations, 1);
  advance(11_000);
  meter.checkClock();
  assert.equal(clock.invalidations, 2);
});
