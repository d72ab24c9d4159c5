/**
 * A page that was in the background has the complete sequence afterwards: after going back and
 * forward, behind six other tabs, after a suspension of an hour.
 */
import { test, waitVisibility } from './real-browser.js';
import { PANES, byId, expect, expectComplete, open, sendChat, state, waitSubscribed } from './trifold.js';

/**
 * @typedef {import('@playwright/test').Page} Page
 * @typedef {import('./trifold.js').Server} Server
 * @typedef {{ page: number, server: number }} Clocks in milliseconds
 */

const HOUR = 3_600_000;

/** The messages of a pane, oldest first. @param {Page} page @param {string} pane */
async function messagesOf(page, pane) {
  return (await page.getByTestId(`${pane}-ticker`).locator('li .body').allTextContents()).reverse();
}

for (const elsewhere of ['/health', 'about:blank']) {
  test(`back from ${elsewhere}: no message is missing`, async ({ tabs, server }) => {
    const page = tabs.pages()[0] ?? (await tabs.newPage());
    await open(page, server);
    await page.evaluate(() =>
      addEventListener('pageshow', ({ persisted }) => {
        document.title = persisted ? 'kept' : 'loaded';
      }),
    );
    await sendChat(page, 'before');
    await expectComplete(page, 1);
    await page.goto(elsewhere.startsWith('/') ? server.url + elsewhere : elsewhere);
    for (const number of [1, 2, 3]) await server.publish({ body: `meanwhile ${number}` });
    await page.goBack({ waitUntil: 'commit' }); // a page that was kept does not load
    await waitSubscribed(page);
    await server.publish({ body: 'after' });
    const kept = (await page.title()) === 'kept';
    test.info().annotations.push({ type: 'back/forward cache', description: kept ? 'used' : 'not used' });
    // A page that was loaded again shows the earlier messages, and counts only later ones.
    await expectComplete(page, kept ? 5 : 1);
    for (const pane of PANES) {
      await expect
        .poll(() => messagesOf(page, pane))
        .toEqual(['before', 'meanwhile 1', 'meanwhile 2', 'meanwhile 3', 'after']);
    }
  });
}

test('seven tabs share six connections, and each is complete', async ({ tabs, server }) => {
  test.setTimeout(150_000);
  /** @type {Page[]} */
  const pages = [];
  for (let number = 1; number <= 7; number++) {
    const page = await tabs.newPage();
    pages.push(page);
    await open(page, server);
    await expect(page.getByTestId('poll-state')).toHaveText('polling');
  }
  // There are no messages, so only a time-out ends the long polls of the hidden tabs.
  const last = /** @type {Page} */ (pages[6]);
  await waitVisibility(last, 'visible');
  const before = byId(await state(last)).poll.answers;
  await expect.poll(async () => byId(await state(last)).poll.answers).toBeGreaterThan(before + 3);
  for (const number of [1, 2, 3]) await server.publish({ body: `to all ${number}` });
  for (const page of pages) await expectComplete(page, 3);
});

test.describe('a server that holds long polls for half a second', () => {
  test.use({ flags: ['--max-poll-wait', '500ms'] });

  test('a hidden tab requests no longer wait', async ({ tabs, server }) => {
    const page = await tabs.newPage();
    await open(page, server);
    await tabs.newPage();
    await waitVisibility(page, 'hidden');
    const before = byId(await state(page)).longpoll.answers;
    await expect.poll(async () => byId(await state(page)).longpoll.answers).toBeGreaterThan(before + 2);
    expect(byId(await state(page)).longpoll.errors).toBe(0);
  });
});

/**
 * Makes the clocks of a page adjustable: its wall clock, and the server's by changing the times
 * in responses. Must be called before the page is opened.
 * @param {Page} page
 */
async function installClocks(page) {
  await page.addInitScript(() => {
    const clocks = Object.assign(window, { clocks: { page: 0, server: 0 } }).clocks;
    const { now } = Date;
    Date.now = () => now() + clocks.page;
    const { parse } = JSON;
    JSON.parse = (text) =>
      parse(text, (key, value) => (key === 'at' && typeof value === 'number' ? value + clocks.server : value));
    Response.prototype.json = async function () {
      return JSON.parse(await this.text());
    };
  });
}

/** @param {Page} page @param {Clocks} clocks */
async function setClocks(page, clocks) {
  await page.evaluate((wanted) => Object.assign(/** @type {any} */ (window).clocks, wanted), clocks);
}

/** Publishes from another client until every pane has measured one more message. @param {Page} page @param {Server} server */
async function expectMeasuring(page, server) {
  const measured = async () => (await state(page)).panes.map(({ latency }) => latency.n);
  const before = await measured();
  const oneMore = async () => {
    await server.publish({ body: 'a message' });
    return (await measured()).every((n, index) => n > (before[index] ?? 0));
  };
  await expect.poll(oneMore, { intervals: [200] }).toBe(true);
}

/** No latency or error is about an hour, and none is from the future. @param {Page} page */
async function expectNoHour(page) {
  // A message from the future has a latency of 0; polling always has more.
  expect(byId(await state(page)).poll.latency.last).toBeGreaterThan(0);
  for (const { latency } of (await state(page)).panes) {
    expect((latency.mean ?? 0) * latency.n).toBeLessThan(HOUR / 2); // the sum of all
    expect(latency.error).toBeLessThan(1000);
  }
}

/** @type {[string, Clocks][]} */
const JUMPS = [
  ['the machine is suspended for an hour', { page: HOUR, server: HOUR }],
  ['the local clock is set back by an hour', { page: -HOUR, server: -HOUR }],
  ['the clock of a remote server is set forward by an hour', { page: 0, server: HOUR }],
  ['the clock of a remote server is set back by an hour', { page: 0, server: -HOUR }],
];

for (const [what, clocks] of JUMPS) {
  test(`${what}: no latency of an hour, no message lost`, async ({ page, server }) => {
    await installClocks(page);
    await open(page, server);
    await sendChat(page, 'from this page');
    await server.publish({ body: 'from another client' });
    await expectComplete(page, 2);
    await expectMeasuring(page, server);
    await setClocks(page, clocks);
    await expectMeasuring(page, server);
    await expectNoHour(page);
    await expectComplete(page, (await server.health()).head);
  });
}

test('after a suspension timers fire at once: the publisher continues, and skips the hour', async ({
  page,
  server,
}) => {
  await page.clock.install();
  await installClocks(page);
  await open(page, server);
  await page.getByTestId('rate').fill('5');
  await page.getByTestId('rhythm').selectOption('steady');
  await expect.poll(async () => byId(await state(page)).ws.latency.n).toBeGreaterThan(4);
  const { published } = await state(page);
  await page.clock.fastForward(HOUR); // performance.now() continues as well, as on Windows
  await setClocks(page, { page: 0, server: HOUR });
  await expect.poll(async () => (await state(page)).published).toBeGreaterThan(published + 10);
  expect((await state(page)).published).toBeLessThan(published + 100);
  await page.getByTestId('rhythm').selectOption('off');
  await waitSubscribed(page);
  await expectMeasuring(page, server);
  await expectNoHour(page);
  await expectComplete(page, (await server.health()).head);
});
