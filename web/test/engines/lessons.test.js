/**
 * Three lessons and a switch of the transport, in Firefox and WebKit; test/browser/ has all lessons, in Chromium.
 * `ENGINES=webkit npm run engines` runs those of one engine.
 *
 * @typedef {import('./browser.js').Browser} Browser
 * @typedef {import('../../session/state.js').LabState} LabState
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Server } from '../server.js';
import { startFirefox } from './firefox.js';
import { startWebKit } from './webkit.js';

/** @type {Record<string, () => Promise<Browser>>} */
const ENGINES = { firefox: startFirefox, webkit: startWebKit };

const selected = process.env.ENGINES?.split(' ') ?? Object.keys(ENGINES);

// A signal ends this program through `exit`, else its browser and server would stay.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));

/** Both engines round `performance.now()` to a millisecond; the sockets and the timers add some. */
const CLOCK_ERROR_MS = 5;

/** Null before the page's modules have run. @param {Browser} browser @returns {Promise<LabState | null>} */
const state = (browser) => browser.evaluate('window.lab?.state() ?? null');

/** The panes by their ids. @param {LabState} lab */
function byId({ panes }) {
  const [poll, longpoll, ws] = panes;
  assert.ok(poll && longpoll && ws);
  return { poll, longpoll, ws };
}

/** @param {LabState['panes'][number]} pane */
const median = ({ latency }) => latency.p50 ?? NaN;

/**
 * Waits until the state meets a condition, and returns it.
 * @param {Browser} browser @param {string} what @param {(lab: LabState) => boolean} condition
 */
async function waitFor(browser, what, condition, timeoutMs = 15_000) {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const lab = await state(browser);
    if (lab && condition(lab)) return lab;
    if (performance.now() > deadline) assert.fail(`no ${what} in ${timeoutMs} ms: ${JSON.stringify(lab)}`);
    await sleep(100);
  }
}

/** @param {Browser} browser @param {Server} server */
async function openPage(browser, server) {
  await browser.open(server.url);
  const subscribed = ['polling', 'held', 'open'];
  await waitFor(browser, 'subscription', ({ panes }) => panes.every((pane, i) => pane.state === subscribed[i]));
}

/** Runs a lesson to its end, as a lecturer does: with its key.
 * @param {Browser} browser @param {Server} server @param {string} key @param {string} preset */
async function runLesson(browser, server, key, preset) {
  await openPage(browser, server);
  await browser.press(key);
  await waitFor(browser, 'start', (lab) => lab.preset === preset && lab.running);
  return waitFor(browser, 'end', ({ running }) => !running, 40_000);
}

/** Every pane has each published message once. @param {LabState} lab */
function assertComplete({ panes, published }) {
  assert.ok(published > 0);
  for (const { id, delivered, missed, gaps, errors } of panes) {
    assert.deepEqual({ id, delivered, missed, gaps, errors }, { id, delivered: published, missed: 0, gaps: 0, errors: 0 });
  }
}

/** Selects an entry, or fills a field. @param {Browser} browser @param {string} testId @param {string} value */
async function select(browser, testId, value) {
  const element = `document.querySelector('[data-testid="${testId}"]')`;
  await browser.evaluate(`Object.assign(${element}, { value: '${value}' }).dispatchEvent(new Event('change'))`);
}

/** @param {LabState} lab */
function assertChat(lab) {
  assertComplete(lab);
  const { poll, longpoll, ws } = byId(lab);
  for (const pane of [longpoll, ws]) {
    assert.ok(median(pane) >= 100 - CLOCK_ERROR_MS, `${pane.id}: ${median(pane)} ms`); // 100 ms are injected
    assert.ok(median(pane) < 250, `${pane.id}: ${median(pane)} ms`);
  }
  assert.ok(median(poll) > 3 * median(longpoll), `${median(poll)} ms, ${median(longpoll)} ms`);
}

/** @param {LabState} lab */
function assertOrder(lab) {
  assertComplete(lab);
  const { poll, longpoll, ws } = byId(lab);
  assert.ok(poll.stale >= 5, `${poll.stale} stale responses`);
  assert.deepEqual([longpoll.stale, ws.stale], [0, 0]);
}

/** @param {LabState} lab */
function assertTyping(lab) {
  assertComplete(lab);
  const { poll, longpoll, ws } = byId(lab);
  assert.ok(longpoll.requests > 1.25 * poll.requests, `${longpoll.requests} and ${poll.requests} requests`);
  assert.equal(ws.requests, 1);
  assert.ok(median(longpoll) < median(poll), `${median(longpoll)} ms, ${median(poll)} ms`);
  assert.ok(median(ws) < median(longpoll), `${median(ws)} ms, ${median(longpoll)} ms`);
}

/** The polling pane's transport is changed twice while messages are published. @param {Browser} browser @param {Server} server */
async function switchTransports(browser, server) {
  await openPage(browser, server);
  await select(browser, 'rate', '20');
  await select(browser, 'rhythm', 'steady');
  const hasMeasured = (/** @type {LabState} */ lab) => byId(lab).poll.latency.n >= 40;
  await waitFor(browser, 'interval', hasMeasured);
  await select(browser, 'poll-technique', 'ws');
  await waitFor(browser, 'WebSocket', (lab) => byId(lab).poll.state === 'open' && hasMeasured(lab));
  await select(browser, 'poll-technique', 'longpoll');
  await waitFor(browser, 'long poll', (lab) => byId(lab).poll.transport === 'longpoll' && hasMeasured(lab));
  await select(browser, 'rhythm', 'off');
  return waitFor(browser, 'complete delivery', ({ panes, published }) =>
    panes.every(({ delivered }) => delivered === published),
  );
}

/** @param {LabState} lab */
function assertSegments(lab) {
  assertComplete(lab);
  const { poll } = byId(lab);
  const [interval, ws, longpoll] = poll.segments;
  assert.deepEqual(poll.segments.map(({ transport }) => transport), ['interval', 'ws', 'longpoll']);
  assert.ok(interval && ws && longpoll);
  for (const { transport, p50 } of [ws, longpoll]) {
    assert.ok(Number(interval.p50) > 3 * Number(p50), `interval: ${interval.p50} ms, ${transport}: ${p50} ms`);
  }
  assert.equal(ws.requests, 1);
  assert.ok(interval.requests >= 2 && interval.requests < 10, `interval: ${interval.requests} requests`);
  assert.ok(longpoll.requests >= 20, `longpoll: ${longpoll.requests} requests`);
  for (const { n, bytes } of [interval, ws]) {
    assert.ok(n >= 40);
    assert.ok(Number(bytes.up) > 0 && Number(bytes.down) > 0);
  }
}

for (const engine of selected) {
  describe(engine, () => {
    /** @type {Browser} */
    let browser;
    before(async () => {
      browser = await (ENGINES[engine] ?? assert.fail(`no engine ${engine}`))();
    });
    after(() => browser?.close());

    /** @param {string} name @param {(server: Server) => Promise<void>} run */
    const testWithServer = (name, run) =>
      test(name, async () => {
        const server = new Server();
        await server.start();
        try {
          await run(server);
          assert.deepEqual(await browser.errors(), []);
          await browser.open('about:blank'); // else the page reports the end of its server
        } finally {
          server.process?.kill('SIGKILL');
        }
      });

    testWithServer('Chat: polling is late by half its interval', async (server) => {
      assertChat(await runLesson(browser, server, '2', 'chat'));
    });
    testWithServer('Order: only polling shows older versions after newer ones', async (server) => {
      assertOrder(await runLesson(browser, server, '3', 'order'));
    });
    testWithServer('Typing: long polling sends more requests than polling, and is earlier', async (server) => {
      assertTyping(await runLesson(browser, server, '5', 'typing'));
    });
    testWithServer('a switch of the transport loses nothing, and starts a segment', async (server) => {
      assertSegments(await switchTransports(browser, server));
    });
  });
}
