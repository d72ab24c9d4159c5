/**
 * Whoever was away comes back to the complete sequence: gone back and forward, waiting behind
 * six other tabs, asleep for an hour.
 */
import { becomes, test } from './real-browser.js';
import { PANES, byId, complete, expect, listening, open, say, state } from './trifold.js';

/**
 * @typedef {import('@playwright/test').Page} Page
 * @typedef {import('./trifold.js').Server} Server
 * @typedef {{ page: number, server: number }} Clocks in milliseconds
 */

const HOUR = 3_600_000;

/** The lines of a pane, oldest first. @param {Page} page @param {string} pane */
async function lines(page, pane) {
  return (await page.getByTestId(`${pane}-ticker`).locator('li .body').allTextContents()).reverse();
}

for (const elsewhere of ['/health', 'about:blank']) {
  test(`back from ${elsewhere}, and nothing is missing`, async ({ tabs, server }) => {
    const page = tabs.pages()[0] ?? (await tabs.newPage());
    await open(page, server);
    await page.evaluate(() =>
      addEventListener('pageshow', ({ persisted }) => {
        document.title = persisted ? 'kept' : 'loaded';
      }),
    );
    await say(page, 'before');
    await complete(page, 1);
    await page.goto(elsewhere.startsWith('/') ? server.url + elsewhere : elsewhere);
    for (const number of [1, 2, 3]) await server.publish({ body: `meanwhile ${number}` });
    await page.goBack({ waitUntil: 'commit' }); // a page that was kept does not load
    await listening(page);
    await server.publish({ body: 'after' });
    const kept = (await page.title()) === 'kept';
    test.info().annotations.push({ type: 'the browser', description: kept ? 'kept the page' : 'loaded it anew' });
    // A page that was loaded anew shows what was said before it, and counts what came since.
    await complete(page, kept ? 5 : 1);
    for (const pane of PANES) {
      await expect
        .poll(() => lines(page, pane))
        .toEqual(['before', 'meanwhile 1', 'meanwhile 2', 'meanwhile 3', 'after']);
    }
  });
}

test('seven tabs share six connections, and each gets everything', async ({ tabs, server }) => {
  test.setTimeout(150_000);
  /** @type {Page[]} */
  const pages = [];
  for (let number = 1; number <= 7; number++) {
    const page = await tabs.newPage();
    pages.push(page);
    await open(page, server);
    await expect(page.getByTestId('poll-state')).toHaveText('polling');
  }
  // Nobody says anything, so nothing ends the long polls of the tabs behind but their own time.
  const last = /** @type {Page} */ (pages[6]);
  await becomes(last, 'visible');
  const before = byId(await state(last)).poll.answers;
  await expect.poll(async () => byId(await state(last)).poll.answers).toBeGreaterThan(before + 3);
  for (const number of [1, 2, 3]) await server.publish({ body: `to all ${number}` });
  for (const page of pages) await complete(page, 3);
});

test.describe('a server that holds no longer than half a second', () => {
  test.use({ flags: ['--max-poll-wait', '500ms'] });

  test('is asked for no more by a tab behind', async ({ tabs, server }) => {
    const page = await tabs.newPage();
    await open(page, server);
    await tabs.newPage();
    await becomes(page, 'hidden');
    const before = byId(await state(page)).longpoll.answers;
    await expect.poll(async () => byId(await state(page)).longpoll.answers).toBeGreaterThan(before + 2);
    expect(byId(await state(page)).longpoll.errors).toBe(0);
  });
});

/**
 * Lets the clocks that a page sees be set: its own wall clock, and the server's, by what the
 * server says. Must be called before the page is opened.
 * @param {Page} page
 */
async function settable(page) {
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
async function set(page, clocks) {
  await page.evaluate((wanted) => Object.assign(/** @type {any} */ (window).clocks, wanted), clocks);
}

/** Says something from outside until every pane has measured one more. @param {Page} page @param {Server} server */
async function measuresAgain(page, server) {
  const measured = async () => (await state(page)).panes.map(({ latency }) => latency.n);
  const before = await measured();
  const oneMore = async () => {
    await server.publish({ body: 'is anybody there?' });
    return (await measured()).every((n, index) => n > (before[index] ?? 0));
  };
  await expect.poll(oneMore, { intervals: [200] }).toBe(true);
}

/** Nothing that was measured is an hour late, or off by one, or from the future. @param {Page} page */
async function noHourAnywhere(page) {
  // What seems to come before it was published is 0 ms late; polls are never that fast.
  expect(byId(await state(page)).poll.latency.last).toBeGreaterThan(0);
  for (const { latency } of (await state(page)).panes) {
    expect((latency.mean ?? 0) * latency.n).toBeLessThan(HOUR / 2); // the sum of all
    expect(latency.error).toBeLessThan(1000);
  }
}

/** @type {[string, Clocks][]} */
const JUMPS = [
  ['the laptop sleeps for an hour', { page: HOUR, server: HOUR }],
  ['the clock of the laptop is set back by an hour', { page: -HOUR, server: -HOUR }],
  ['the clock of a server elsewhere is set forward by an hour', { page: 0, server: HOUR }],
  ['the clock of a server elsewhere is set back by an hour', { page: 0, server: -HOUR }],
];

for (const [what, clocks] of JUMPS) {
  test(`${what}: no latency of an hour, and nothing is lost`, async ({ page, server }) => {
    await settable(page);
    await open(page, server);
    await say(page, 'from in here');
    await server.publish({ body: 'from out there' });
    await complete(page, 2);
    await measuresAgain(page, server);
    await set(page, clocks);
    await measuresAgain(page, server);
    await noHourAnywhere(page);
    await complete(page, (await server.health()).head);
  });
}

test('asleep, and the timers of an hour fire at once: all goes on, and no hour is made up for', async ({
  page,
  server,
}) => {
  await page.clock.install();
  await settable(page);
  await open(page, server);
  await page.getByTestId('rate').fill('5');
  await page.getByTestId('rhythm').selectOption('steady');
  await expect.poll(async () => byId(await state(page)).ws.latency.n).toBeGreaterThan(4);
  const { published } = await state(page);
  await page.clock.fastForward(HOUR); // performance.now() goes on as well, as on Windows
  await set(page, { page: 0, server: HOUR });
  await expect.poll(async () => (await state(page)).published).toBeGreaterThan(published + 10);
  expect((await state(page)).published).toBeLessThan(published + 100);
  await page.getByTestId('rhythm').selectOption('off');
  await listening(page);
  await measuresAgain(page, server);
  await noHourAnywhere(page);
  await complete(page, (await server.health()).head);
});
