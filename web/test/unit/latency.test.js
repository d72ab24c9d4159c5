import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createStopwatch } from '../../model/latency.js';

/** @typedef {import('../../model/types.js').Message} Message */

/** A server's clock that is an hour ahead, known to 10 ms. */
const HOUR = 3_600_000;
const KNOWN = { offset: HOUR, error: 10 };

/**
 * A stopwatch in a page whose clocks stand where the test says.
 * @param {import('node:test').TestContext} context
 */
function inPage(context) {
  const page = { now: 1000, wall: performance.timeOrigin + 1000, hidden: false };
  context.mock.method(performance, 'now', () => page.now);
  context.mock.method(Date, 'now', () => page.wall);
  Object.assign(globalThis, { document: page });
  /** @type {{ estimate: typeof KNOWN | null, distrusted: number }} */
  const clock = { estimate: KNOWN, distrusted: 0 };
  const stopwatch = createStopwatch({
    get estimate() {
      return clock.estimate;
    },
    distrust() {
      clock.distrusted += 1;
      clock.estimate = null;
    },
    follow: () => Promise.resolve(),
  });
  let version = 0;
  return {
    stopwatch,
    clock,
    /** Time goes by, on all clocks. @param {number} ms */
    wait(ms) {
      page.now += ms;
      page.wall += ms;
    },
    /** Only the wall clock is set. @param {number} ms */
    setWallClock: (ms) => (page.wall += ms),
    hide: () => (page.hidden = true),
    /** A message of someone else, so old by the server's clock, arrives. @param {number} age */
    hear(age) {
      const at = performance.timeOrigin + page.now + HOUR - age;
      const message = { version: ++version, id: `other-${version}`, at, sender: '', kind: '', body: null };
      return stopwatch.measure(message, page.now);
    },
    /** What this page published arrives. @param {string} id */
    hearOwn: (id) =>
      stopwatch.measure({ version: ++version, id, at: 0, sender: '', kind: '', body: null }, page.now),
  };
}

/** @param {number} actual @param {number} expected */
const near = (actual, expected) => assert.ok(Math.abs(actual - expected) < 0.01, `${actual}, not ${expected}`);

test("one's own message is measured by one's own clock, whatever the server's says", (context) => {
  const { stopwatch, clock, wait, hearOwn } = inPage(context);
  clock.estimate = null;
  stopwatch.start('own');
  wait(40);
  assert.deepEqual(hearOwn('own'), { latency: { ms: 40, error: 0 }, counts: true });
});

test("someone else's is measured by the server's clock, and does not count while that is unknown", (context) => {
  const { clock, hear } = inPage(context);
  const { latency, counts } = hear(70);
  near(latency.ms, 70);
  assert.deepEqual([latency.error, counts], [10, true]);
  clock.estimate = null;
  assert.deepEqual(hear(70), { latency: { ms: 0, error: Infinity }, counts: false });
});

test('what comes while the tab is hidden, or was published before it was shown again, does not count', (context) => {
  const { stopwatch, wait, hide, hear } = inPage(context);
  stopwatch.resume();
  wait(50);
  assert.equal(hear(70).counts, false);
  assert.equal(hear(30).counts, true);
  hide();
  assert.equal(hear(30).counts, false);
});

test("a message from the future tells that the server's clock was set", (context) => {
  const { clock, hear } = inPage(context);
  hear(-1005); // what is known of the clock may be off by 10 ms, and clocks drift
  assert.equal(clock.distrusted, 0);
  assert.equal(hear(-1020).counts, false);
  assert.equal(clock.distrusted, 1);
});

test("a newer message that is older tells that the server's clock was set back", (context) => {
  const { clock, hear } = inPage(context);
  hear(0);
  hear(990);
  assert.equal(clock.distrusted, 0);
  assert.equal(hear(2000).counts, false);
  assert.equal(clock.distrusted, 1);
});

test('an older message that comes late tells nothing', (context) => {
  const { stopwatch, clock, hear } = inPage(context);
  hear(0);
  const old = { version: 0, id: 'old', at: performance.timeOrigin, sender: '', kind: '', body: null };
  stopwatch.measure(old, performance.now());
  assert.equal(clock.distrusted, 0);
});

test('a wall clock that was set, and a page that was asleep, are noticed', (context) => {
  const { stopwatch, clock, wait, setWallClock } = inPage(context);
  wait(9000);
  stopwatch.look();
  setWallClock(900);
  stopwatch.look();
  assert.equal(clock.distrusted, 0);
  setWallClock(-1100);
  stopwatch.look();
  assert.equal(clock.distrusted, 1);
  wait(11_000);
  stopwatch.look();
  assert.equal(clock.distrusted, 2);
});
