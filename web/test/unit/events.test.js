import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tally, zeroFigures } from '../../model/events.js';
import { KEPT_MS, createTimeline } from '../../model/timeline.js';

/**
 * @typedef {import('../../model/events.js').Happening} Happening
 * @typedef {import('../../model/events.js').LabEvent} LabEvent
 * @typedef {import('../../model/types.js').Message} Message
 */

const EXCHANGE = { request: 1, path: '/poll', asked: 0, upMs: 0, downMs: 0 };

/** @type {import('../../model/types.js').Batch} */
const EMPTY = { type: 'batch', epoch: 'e', since: 0, version: 0, head: 0, messages: [] };

/** @param {number} version @returns {Message} */
const message = (version) => ({ version, id: `m-${version}`, at: 0, sender: '', kind: 'chat', body: 'hi' });

/** @param {number} version @param {number} ms @returns {Extract<Happening, { type: 'taken' }>} */
const taken = (version, ms) => ({
  type: 'taken',
  fresh: [{ message: message(version), latency: { ms, error: 0 }, bytes: 4, counts: true }],
  duplicates: 0,
  shown: version,
  head: version,
  staleAfter: null,
  messages: [message(version)],
  gap: null,
});

/** @param {Happening[]} happenings */
function tallied(...happenings) {
  const figures = zeroFigures();
  for (const happening of happenings) tally(figures, happening);
  return figures;
}

/** @type {Happening} */
const REQUEST = { type: 'request', ...EXCHANGE };
/** @type {Happening} */
const OPEN = { type: 'open', ...EXCHANGE };

/** @param {boolean} opened @param {boolean} meant @returns {Happening} */
const close = (opened, meant) => ({ type: 'close', code: 1006, reason: '', opened, meant, ...EXCHANGE });

test('a request is in flight until it is answered, fails or is given up', () => {
  assert.equal(tallied(REQUEST).inFlight, 1);
  const answered = tallied(REQUEST, { type: 'answer', answer: EMPTY, ...EXCHANGE });
  assert.deepEqual([answered.answers, answered.empty, answered.inFlight], [1, 1, 0]);
  const failed = tallied(REQUEST, { type: 'error', reason: '', timedOut: false, ...EXCHANGE });
  assert.deepEqual([failed.answers, failed.errors, failed.inFlight], [0, 1, 0]);
  const given = tallied(REQUEST, { type: 'cancel', ...EXCHANGE });
  assert.deepEqual([given.errors, given.inFlight], [0, 0]);
});

test('a socket is in flight until it is open, and broken when nobody closed it', () => {
  assert.equal(tallied(REQUEST, OPEN).inFlight, 0);
  assert.equal(tallied(REQUEST, OPEN, close(true, false)).errors, 1);
  assert.equal(tallied(REQUEST, OPEN, close(true, true)).errors, 0);
  assert.equal(tallied(REQUEST, close(false, false)).inFlight, 0);
});

test('what arrives is delivered, measured and shown', () => {
  const figures = tallied(taken(1, 5), taken(2, 7));
  assert.deepEqual([figures.delivered, figures.shown, figures.bodyBytes], [2, 2, 8]);
  assert.deepEqual(figures.latencies.map(({ ms }) => ms), [5, 7]);
  assert.deepEqual(figures.lines.map((own) => own.kind !== 'gap' && own.message.version), [2, 1]);
});

test('what arrived at a hidden tab is delivered, and not measured', () => {
  const arrival = taken(1, 5);
  arrival.fresh = arrival.fresh.map((own) => ({ ...own, counts: false }));
  const figures = tallied(arrival);
  assert.deepEqual([figures.delivered, figures.latencies.length], [1, 0]);
});

test('stale answers, duplicates and gaps are counted and shown', () => {
  const stale = { ...taken(3, 1), fresh: [], duplicates: 1, staleAfter: 5 };
  const gap = /** @type {const} */ ({ type: 'gap', reason: 'truncated', epoch: 'e', oldest: 9, head: 9 });
  const figures = tallied(stale, { ...taken(8, 1), fresh: [], messages: [], gap: { gap, missed: 3 } });
  assert.deepEqual(
    [figures.stale, figures.duplicate, figures.gaps, figures.missed],
    [1, 1, 1, 3],
  );
  assert.deepEqual(figures.lines.map(({ kind }) => kind), ['gap', 'stale']);
});

test('the timeline knows what was known at any moment', () => {
  const timeline = createTimeline();
  const now = performance.now();
  for (const [index, happening] of [taken(1, 5), taken(2, 6), taken(3, 7)].entries()) {
    timeline.add(/** @type {LabEvent} */ ({ at: now + index, pane: 'ws', ...happening }));
  }
  assert.equal(timeline.figuresAt('ws', now + 1).delivered, 2);
  assert.equal(timeline.figuresAt('ws', now - 1).delivered, 0);
  assert.equal(timeline.figuresAt('poll', now + 9).delivered, 0);
  assert.deepEqual(timeline.figuresAt('ws', now + 2), timeline.figures('ws'));
});

test('what is older than the timeline reaches is still counted', () => {
  const timeline = createTimeline();
  for (let number = 1; number <= 300; number++) {
    timeline.add(/** @type {LabEvent} */ ({ at: number * 200, pane: 'ws', ...taken(number, 1) }));
    const oldest = timeline.events[0]?.at ?? 0;
    assert.ok(number * 200 - oldest <= KEPT_MS + 1000);
  }
  assert.ok(timeline.events.length >= KEPT_MS / 200);
  assert.equal(timeline.figures('ws').delivered, 300);
  assert.equal(timeline.figuresAt('ws', 60_000).delivered, 300);
});
