/** The figures of each preset show its lesson, on real sockets. */
import { RUN_MS, presets } from '../../model/presets.js';
import { predict } from '../../model/theory.js';
import { byId, expect, runPreset, startPreset, state, test, waitFinished } from './trifold.js';

/** @typedef {import('./trifold.js').LabState['panes'][number]} Pane */

/** @param {Pane} pane @returns {number} */
const median = ({ latency }) => latency.p50 ?? NaN;
/** @param {Pane} pane @returns {number} */
const bytes = ({ bytes: { up, down } }) => (up ?? NaN) + (down ?? NaN);
/** @param {Pane} pane */
const completeness = ({ delivered, missed, gaps }) => ({ delivered, missed, gaps });

test('idle: twenty empty polls, one long poll, no frame', async ({ page, server }) => {
  const { poll, longpoll, ws } = byId(await runPreset(page, server, 'idle'));
  expect(poll.answers).toBeGreaterThanOrEqual(18);
  expect(poll.answers).toBeLessThanOrEqual(22);
  expect(poll.empty).toBe(poll.answers);
  expect([longpoll.requests, longpoll.answers, ws.answers]).toEqual([1, 0, 0]);
  expect(bytes(poll)).toBeGreaterThan(5 * bytes(longpoll));
  expect(bytes(longpoll)).toBeGreaterThan(0);
  expect(bytes(ws)).toBeGreaterThan(0);
});

test('chat: polling adds half its interval, and more than a third of its responses are empty', async ({
  page,
  server,
}) => {
  const lab = await runPreset(page, server, 'chat');
  const { poll, longpoll, ws } = byId(lab);
  expect(median(poll)).toBeGreaterThan(5 * median(longpoll));
  expect(median(longpoll)).toBeLessThan(3 * median(ws));
  for (const pane of lab.panes) {
    expect(completeness(pane)).toEqual({ delivered: lab.published, missed: 0, gaps: 0 });
    expect(pane.latency.p50).toBeGreaterThanOrEqual(40);
  }
  const { mean } = predict('interval', { rate: 0.0005, intervalMs: 2000, delay: 40, hold: 25_000 });
  expect(poll.latency.mean).toBeGreaterThan(0.85 * mean);
  expect(poll.latency.mean).toBeLessThan(1.15 * mean);
  expect(Math.abs(poll.empty / poll.answers - Math.exp(-1))).toBeLessThan(0.17);
});

test('order: only the loop that does not wait shows older versions after newer ones', async ({
  page,
  server,
}) => {
  await startPreset(page, server, 'order', '&jitter=2500');
  await expect.poll(async () => byId(await state(page)).poll.stale, { timeout: 20_000 }).toBeGreaterThan(1);
  const stale = page.getByTestId('poll-ladder').locator('g.stale');
  await expect(stale.first().locator('text')).toHaveText(/^⟲ #\d+ after #\d+$/);
  const lab = await waitFinished(page);
  const { poll, longpoll, ws } = byId(lab);
  expect(poll.stale).toBeGreaterThanOrEqual(5);
  expect([longpoll.stale, ws.stale]).toEqual([0, 0]);
  expect(longpoll.delivered).toBe(lab.published);
  expect(median(ws)).toBeGreaterThan(250); // with the jitter
});

test('order: a chained loop shows no stale version', async ({ page, server }) => {
  await page.goto(`${server.url}/?preset=order&seed=42`);
  await page.keyboard.press('v');
  await page.keyboard.press('v'); // chained
  await page.keyboard.press('PageDown');
  await expect.poll(async () => (await state(page)).running).toBe(true);
  await waitFinished(page);
  const { poll } = byId(await state(page));
  expect([poll.transport, poll.technique]).toEqual(['chained', 'chained']);
  expect(poll.stale).toBe(0);
  expect(poll.delivered).toBeGreaterThan(20);
});

test('outage: only the naive loop keeps sending, and no message is lost', { tag: '@alone' }, async ({
  page,
  server,
}) => {
  await startPreset(page, server, 'outage');
  const link = () => page.getByTestId('injected').textContent();
  await expect.poll(link, { timeout: 15_000 }).toBe('injected: no network');
  const before = byId(await state(page));
  await expect(page.getByTestId('poll-ladder').locator('rect.outage')).toHaveCount(1);
  await expect(page.getByTestId('poll-state')).toHaveText(/^(\d sent, )?\d+ queued in the browser$/);
  await expect.poll(link, { timeout: 15_000 }).not.toBe('injected: no network');
  const after = byId(await state(page));
  const naive = after.poll.requests - before.poll.requests;
  const careful = after.longpoll.requests - before.longpoll.requests;
  expect(naive).toBeGreaterThanOrEqual(12);
  expect(careful).toBeLessThan(naive / 3);
  const lab = await waitFinished(page);
  for (const pane of lab.panes) {
    expect(completeness(pane)).toEqual({ delivered: lab.published, missed: 0, gaps: 0 });
  }
  // Both polls wait a random part of their interval: the model has 437 ms for all messages.
  for (const pane of [byId(lab).poll, byId(lab).longpoll]) {
    const waited = median(pane) - median(byId(lab).ws); // without what the machine adds to each
    expect(waited).toBeGreaterThan(200);
    expect(waited).toBeLessThan(1000);
  }
  await expect(page.getByTestId('verdict')).toContainText(`${lab.published} of ${lab.published} messages in each pane`);
});

test('hidden: the timer and the publisher are not in phase, and the median agrees with the model', async ({
  page,
  server,
}) => {
  await startPreset(page, server, 'hidden');
  await expect.poll(async () => byId(await state(page)).poll.latency.n, { timeout: 30_000 }).toBeGreaterThan(40);
  const { poll, ws } = byId(await state(page));
  const waited = median(poll) - median(ws); // without what the machine adds to each
  expect(waited).toBeGreaterThan(60);
  expect(waited).toBeLessThan(215); // in phase it was 250, or 0
});

test('typing: long polling sends more requests than polling, and is faster', async ({
  page,
  server,
}) => {
  const lab = await runPreset(page, server, 'typing');
  const { poll, longpoll, ws } = byId(lab);
  expect(longpoll.requests).toBeGreaterThan(1.25 * poll.requests);
  expect(median(longpoll)).toBeLessThan(median(poll));
  expect(median(ws)).toBeLessThan(median(longpoll));
});

test('board: rare messages are cheap to wait for', async ({ page, server }) => {
  const lab = await runPreset(page, server, 'board');
  const { poll, longpoll, ws } = byId(lab);
  expect(lab.published).toBe(3);
  expect([longpoll.delivered, ws.delivered]).toEqual([3, 3]);
  expect(longpoll.requests).toBe(4);
  expect(bytes(poll)).toBeGreaterThan(2.5 * bytes(longpoll));
  expect(median(poll)).toBeGreaterThan(3 * median(longpoll));
});

test('six: the fetch waits for a connection, the WebSocket does not', async ({
  page,
  server,
}) => {
  await startPreset(page, server, 'six');
  // The blocked connections are free after the run, so check before its end.
  await expect.poll(async () => (await state(page)).published, { timeout: 30_000 }).toBeGreaterThan(15);
  const { poll } = byId(await state(page));
  expect(poll.requests).toBeGreaterThan(10);
  expect(poll.answers).toBe(0);
  await expect(page.getByTestId('poll-state')).toHaveText(/^(\d sent, )?\d+ queued in the browser$/);

  const lab = await waitFinished(page);
  const { poll: ended, ws } = byId(lab);
  expect(ws.delivered).toBe(lab.published);
  expect(median(ws)).toBeLessThan(1000);
  // The run ends after the burst of the queued requests, so its figures do not depend on chance.
  expect([ended.answers, ended.inFlight]).toEqual([ended.requests, 0]);
  const verdict = page.getByTestId('verdict');
  await expect(verdict).toHaveText(/^The seventh request waited (19|20)\.\d\ss, until the six ended; up to (3[5-9]|4\d)\spolls were queued\./);
});

test('talks: three copies of one text, and polling stutters', async ({ page, server }) => {
  const lab = await runPreset(page, server, 'talks');
  const { poll, ws } = byId(lab);
  expect(ws.answers).toBeGreaterThan(5 * poll.answers);
  const text = await page.getByTestId('ws-mirror').textContent();
  expect(text).toMatch(/^EVERYBODY TALKS/);
});

test('lab: the antipatterns, and the homework', async ({ page, server }) => {
  await runPreset(page, server, 'lab');
  const figure = async (/** @type {string} */ id) =>
    Number((await page.getByTestId(`mistake-${id}`).textContent())?.replace(/\D/g, ''));
  await expect(page.getByTestId('mistake-flood')).toBeVisible();
  await expect(page.getByTestId('pane-poll')).toBeHidden();
  expect(await figure('flood')).toBeGreaterThan(10_000);
  await expect(page.getByTestId('finding-flood')).toHaveText(/^0 of them fired/);
  expect(await figure('recursion')).toBeGreaterThan(1000);
  await expect(page.getByTestId('finding-recursion')).toHaveText(/RangeError/);
  expect(await figure('chain')).toBeLessThanOrEqual(3);
  await expect(page.getByTestId('finding-chain')).toHaveText(/after \d{2,} turns/);
});

test('hidden: the interval has a band, and is not measured', async ({ page, server }) => {
  await page.goto(`${server.url}/?preset=hidden&seed=42&autorun=1`);
  await expect.poll(async () => byId(await state(page)).ws.latency.n).toBeGreaterThan(4);
  const setHidden = (/** @type {boolean} */ hidden) =>
    page.evaluate((now) => {
      Object.defineProperty(document, 'hidden', { value: now, configurable: true });
      Object.defineProperty(document, 'visibilityState', { value: now ? 'hidden' : 'visible', configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }, hidden);
  await setHidden(true);
  const atStart = byId(await state(page)).ws;
  await expect.poll(async () => byId(await state(page)).ws.delivered).toBeGreaterThan(atStart.delivered + 8);
  const atEnd = byId(await state(page)).ws;
  expect(atEnd.latency.n - atStart.latency.n).toBeLessThanOrEqual(1);
  await setHidden(false);
  await expect(page.getByTestId('ws-ladder').locator('rect.hidden')).toHaveCount(1);
  await expect.poll(async () => byId(await state(page)).ws.latency.n).toBeGreaterThan(atEnd.latency.n + 3);
});

test('the same seed gives the same schedule of messages and of delays', async ({
  browser,
  server,
}) => {
  const runs = [];
  for (const seed of [42, 42, 43]) {
    const page = await browser.newPage();
    /** @type {string[]} */
    const delays = [];
    page.on('request', (request) => {
      const url = new URL(request.url());
      if (url.pathname === '/poll' && url.searchParams.has('pane')) {
        delays.push(url.searchParams.get('down_ms') ?? '0');
      }
    });
    await page.goto(`${server.url}/?preset=order&seed=${seed}`);
    const times = await page.evaluate(async (pageSeed) => {
      const path = '/model/arrivals.js';
      const { dueTimes } = await import(path);
      const first = dueTimes('poisson', 10, pageSeed);
      return Array.from({ length: 30 }, () => first.next().value);
    }, seed);
    await page.keyboard.press('Enter');
    await expect.poll(() => delays.length, { timeout: 10_000 }).toBeGreaterThanOrEqual(8);
    runs.push({ times, delays: delays.slice(0, 8) });
    await page.close();
  }
  expect(runs[1]).toEqual(runs[0]);
  expect(runs[0]?.delays).toEqual(['1900', '250', '250', '250', '1900', '250', '250', '250']);
  expect(runs[2]?.times).not.toEqual(runs[0]?.times);
});

test('every preset has a key, and takes 20 seconds', async ({
  page,
  server,
}) => {
  await page.goto(server.url);
  for (const { key, id } of presets) {
    await page.keyboard.press(key);
    await expect.poll(async () => (await state(page)).preset).toBe(id);
    await expect.poll(async () => (await state(page)).running).toBe(true);
  }
  expect(RUN_MS).toBe(20_000);
});
