/** Verdicts: they name what ran, and claim only what the run has shown. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { figuresOf } from '../../model/figures.js';
import { presetOf } from '../../model/presets.js';
import { emptyStats } from '../../model/stats.js';
import { verdictOf } from '../../view/verdicts.js';

/**
 * @typedef {import('../../model/figures.js').PaneFigures} PaneFigures
 * @typedef {import('../../model/types.js').TransportId} TransportId
 * @typedef {import('../../view/verdicts.js').Run} Run
 */

/** @param {TransportId} transport @param {Partial<PaneFigures>} [fields] @returns {PaneFigures} */
const pane = (transport, fields = {}) => ({
  ...figuresOf(emptyStats(), [], [], { up: null, down: null }, 0, transport),
  ...fields,
});

/** @param {string} id @param {PaneFigures[]} panes @param {Partial<Run>} [run] */
function verdict(id, panes, run = {}) {
  const preset = presetOf(id) ?? assert.fail(`no lesson ${id}`);
  return verdictOf(preset, { panes, published: 0, ms: 20_000, isComplete: true, ...run }).replaceAll('\u00a0', ' ');
}

const EARLY = { ms: 1600, isComplete: false };
const TOO_SHORT = 'Ended after 1.6 s: too short to show it. Enter runs it again.';

test('a verdict counts the messages of other clients, too', () => {
  const panes = [
    pane('interval', { delivered: 20, offline: 16, outageMs: 8000 }),
    pane('chained-backoff', { delivered: 20, offline: 2 }),
    pane('ws', { delivered: 20 }),
  ];
  const text = verdict('outage', panes, { published: 15 });
  assert.match(text, /interval sent \*16\* requests, chained \+ back-off \*2\*\./);
  assert.match(text, /\*20\* of 20 messages in each pane/);
  const [first, ...rest] = panes;
  const incomplete = verdict('outage', [{ ...first, delivered: 14 }, ...rest].map((one) => ({ ...pane('ws'), ...one })), { published: 15 });
  assert.match(incomplete, /a pane had \*14\* of 20 messages/);
});

test('a verdict names the variants that ran', () => {
  const guarded = [
    pane('interval-guard', { offline: 1, outageMs: 8000 }),
    pane('chained-backoff', { offline: 2 }),
    pane('ws'),
  ];
  assert.match(verdict('outage', guarded), /interval \+ guard sent \*1\* request, chained \+ back-off \*2\*/);
  const chained = [pane('chained', { requests: 18 }), pane('longpoll', { requests: 1 }), pane('ws', { handshakes: 1 })];
  assert.match(verdict('idle', chained), /^No messages\. Polling \(chained\) sent \*18\* requests/);
});

test('where other transports ran, only the figures are shown', () => {
  const idle = [pane('interval', { requests: 20 }), pane('ws', { handshakes: 1 }), pane('ws', { handshakes: 1 })];
  assert.equal(verdict('idle', idle), 'Requests sent. Polling, interval: *20*; WebSocket: *0*; WebSocket: *0*.');
  const typing = [pane('interval', { requests: 20 }), pane('interval', { requests: 18 }), pane('ws')];
  assert.match(verdict('typing', typing), /Polling, interval: \*20\*; Polling, interval: \*18\*;/);
  assert.match(verdict('order', [pane('ws'), pane('longpoll'), pane('ws')]), /^Responses older than what was shown\. WebSocket: \*0\*;/);
});

test('a pane that was changed during the run is not described as a whole', () => {
  const panes = [pane('interval', { requests: 9 }), pane('longpoll', { isWhole: false }), pane('ws')];
  assert.match(verdict('idle', panes), /Long polling: \*0\*.*counts from its last change/);
});

test('a run that was ended too early to show its point says so', () => {
  const panes = [pane('interval', { requests: 1, responses: 1 }), pane('longpoll', { requests: 1 }), pane('ws')];
  for (const id of ['idle', 'chat', 'order', 'outage', 'typing', 'board', 'six', 'talks', 'lab']) {
    assert.equal(verdict(id, panes, EARLY), TOO_SHORT, id);
  }
});

test('a run that was ended early with enough data has its verdict', () => {
  const [longpoll, ws] = [pane('longpoll', { requests: 1 }), pane('ws', { handshakes: 1 })];
  assert.match(verdict('idle', [pane('interval', { requests: 3 }), longpoll, ws], EARLY), /sent \*3\* requests/);
  assert.match(verdict('order', [pane('interval', { stale: 2, responses: 8 }), longpoll, ws], EARLY), /^\*2\* of 8/);
  const outage = pane('interval', { offline: 6, outageMs: 3000 });
  assert.match(verdict('outage', [outage, pane('chained-backoff'), ws], EARLY), /interval sent \*6\*/);
});

test('order is decided by the transport, not by what it happened to show', () => {
  const rest = [pane('longpoll'), pane('ws')];
  const interval = (/** @type {number} */ stale) => verdict('order', [pane('interval', { stale, responses: 40 }), ...rest]);
  assert.match(interval(9), /^\*9\* of 40 responses were older than what was already shown: .* Press V: the same run, but each request waits/);
  assert.doesNotMatch(interval(0), /one request at a time/);
  const chained = pane('chained', { responses: 16, measured: 60, latency: 1060 });
  assert.match(verdict('order', [chained, ...rest]), /^\*0\* of 16.*one request at a time.*1\.06 s/);
});

test('chat says "about half" only with enough messages, and if it holds', () => {
  const chat = (/** @type {Partial<PaneFigures>} */ fields, run = {}) => {
    const poll = pane('interval', { intervalMs: 2000, measured: 9, responses: 9, empty: 4, ...fields });
    const [longpoll, ws] = [pane('longpoll', { measured: 9, responses: 9 }), pane('ws', { latency: 102, measured: 9, responses: 9 })];
    return verdict('chat', [poll, longpoll, ws], run);
  };
  assert.match(chat({ latency: 1050 }), /1\.05 s\* late, about half its 2\.00 s; \*4\* of 9 responses were empty/);
  assert.match(chat({ latency: 1900 }), /late, with an interval of 2\.00 s;/);
  assert.equal(chat({ latency: 1050, measured: 2 }, EARLY), TOO_SHORT);
});

test('six says how long the seventh request waited, and what a message took', () => {
  const poll = pane('interval', { latency: 11_100, mostQueued: 40, longestQueued: 19_500 });
  const rest = [pane('longpoll'), pane('ws', { latency: 2.4 })];
  assert.equal(
    verdict('six', [poll, ...rest]),
    'The seventh request waited *19.5 s*, until the six ended; up to *40* polls were queued. ' +
      'Median latency of a message: polling *11.1 s*, WebSocket *2.4 ms*.',
  );
  assert.match(verdict('six', [poll, ...rest], { ms: 21_000, isComplete: false }), /until the run ended/);
});

test('hidden and lab say what to do, and answer the question', () => {
  assert.match(verdict('hidden', [pane('interval'), pane('longpoll'), pane('ws')]), /not hidden.*Press Enter/);
  assert.match(verdict('lab', [pane('interval'), pane('longpoll'), pane('ws')]), /^poll \*never\* runs/);
});

test('typing compares latencies', () => {
  const panes = [
    pane('interval', { requests: 20, measured: 170, latency: 642 }),
    pane('longpoll', { requests: 80, measured: 170, latency: 212 }),
    pane('ws'),
  ];
  assert.match(verdict('typing', panes), /^Long polling sent \*80\* requests, polling \*20\*\. Messages arrived after \*212 ms\* instead of \*642 ms\*\.$/);
});
