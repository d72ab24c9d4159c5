/** Nothing lies on top of anything else: where there is no room for a pane's parts, the page scrolls. */
import { byId, expect, open, startPreset, state, test, waitFinished } from './trifold.js';

/** @typedef {import('@playwright/test').Page} Page */

/** Laptops with and without the browser's bars, and a projector. */
const SIZES = [[1280, 720], [1366, 657], [1366, 768], [1536, 730], [1920, 1080]];

/** Runs in the page: by how many pixels parts of panes overlap others, and the least height of a list of messages. */
function measureOverlap() {
  const isVisible = (/** @type {Element} */ { clientHeight, clientWidth }) => clientHeight > 0 && clientWidth > 0;
  const box = (/** @type {Element} */ element) => element.getBoundingClientRect();
  const visible = (/** @type {ParentNode} */ parent, /** @type {string} */ selector) =>
    [...parent.querySelectorAll(selector)].filter(isVisible);
  const below = (/** @type {Element[]} */ parts, /** @type {number} */ edge) =>
    Math.max(0, ...parts.map((part) => Math.round(box(part).bottom - edge)));
  const panes = visible(document, '.pane');
  const belowPanes = Math.min(...visible(document, '.legend, footer').map((part) => box(part).top));
  return {
    counters: Math.max(...panes.map((pane) => below(visible(pane, '.counters > div'), box(pane).bottom))),
    parts: Math.max(...panes.map((pane) => below([...pane.children].filter(isVisible), box(pane).bottom))),
    legend: below(panes, belowPanes),
    lists: Math.max(...panes.map((pane) => below(visible(pane, '.ticker'), box(pane.querySelector('.ladder') ?? pane).top))),
    wide: document.documentElement.scrollWidth - innerWidth,
    shortList: visible(document, '.ticker').some((list) => box(list).height < 40),
    withoutList: [...document.querySelectorAll('.content')].some((content) => isVisible(content) && visible(content, '.ticker').length === 0),
  };
}

const NONE = { counters: 0, parts: 0, legend: 0, lists: 0, wide: 0, shortList: false, withoutList: false };

/** @param {Page} page @param {string} moment */
async function expectNoOverlap(page, moment) {
  for (const [width = 0, height = 0] of SIZES) {
    await page.setViewportSize({ width, height });
    for (const projector of ['', 'on']) {
      await page.evaluate((value) => {
        if (value) document.documentElement.dataset.projector = value;
        else delete document.documentElement.dataset.projector;
      }, projector);
      const overlap = await page.evaluate(measureOverlap);
      expect.soft(overlap, `${moment}, ${width} × ${height}${projector && ', projected'}`).toEqual(NONE);
    }
  }
  await expect(page.getByRole('region', { name: 'Comparison' })).toBeHidden(); // empty: it takes no focus
  await page.evaluate(() => void delete document.documentElement.dataset.projector);
}

/** Whether every pane has enough messages for a verdict, and polling enough responses. @param {Page} page */
async function isMeasured(page) {
  const current = await state(page);
  return byId(current).poll.requests > 4 && current.panes.every(({ latency }) => latency.n > 4);
}

/** Ends the run as a remote control does. @param {Page} page */
async function endRun(page) {
  await expect.poll(() => isMeasured(page), { timeout: 20_000 }).toBe(true);
  await page.keyboard.press('PageDown');
  await waitFinished(page);
}

test('Chat: run, explained, paused, and compared with another variant', async ({ page, server }) => {
  await startPreset(page, server, 'chat');
  await expect.poll(async () => byId(await state(page)).ws.delivered, { timeout: 20_000 }).toBeGreaterThan(1);
  await expectNoOverlap(page, 'run');
  await endRun(page);
  await expect(page.getByTestId('verdict')).toContainText('Polling');
  await expectNoOverlap(page, 'explained');
  await page.keyboard.press('.');
  await expect(page.getByTestId('banner')).toContainText('Paused');
  await expectNoOverlap(page, 'paused');
  await page.keyboard.press('Escape');
  await page.keyboard.press('v');
  await endRun(page);
  await expect(page.getByTestId('run-comparison')).not.toBeEmpty();
  await expectNoOverlap(page, 'compared');
});

test('Free, with and without the network panel', async ({ page, server }) => {
  await open(page, server);
  for (const number of [1, 2, 3]) await server.publish({ kind: 'chat', body: `message ${number}` });
  await server.publish({ kind: 'text', body: 'EVERYBODY TALKS, and everybody sees it. '.repeat(5) });
  await expect.poll(async () => (await state(page)).panes.every(({ delivered }) => delivered === 4)).toBe(true);
  await expectNoOverlap(page, 'free');
  await page.keyboard.press('Shift+N');
  await expect(page.getByTestId('network-panel')).toBeVisible();
  await expectNoOverlap(page, 'network panel');
});

test('Talks, with four lines', async ({ page, server }) => {
  await startPreset(page, server, 'talks');
  await server.publish({ kind: 'text', body: 'EVERYBODY TALKS, and everybody sees it. '.repeat(9) });
  await expect.poll(async () => byId(await state(page)).poll.delivered, { timeout: 20_000 }).toBeGreaterThan(1);
  await expectNoOverlap(page, 'run');
  await page.keyboard.press('PageDown');
  await waitFinished(page);
  await expectNoOverlap(page, 'explained');
});

test('free mode on a low screen has the distribution and the comparison below the fold', async ({ page, server }) => {
  await page.setViewportSize({ width: 1366, height: 768 });
  await open(page, server);
  await server.publish({ body: 'hello' });
  await expect(page.getByTestId('poll-ticker')).toContainText('hello');
  await expect(page.getByTestId('legend')).toBeInViewport();
  await page.getByTestId('comparison').scrollIntoViewIfNeeded();
  for (const part of ['comparison', 'ecdf']) await expect(page.getByTestId(part)).toBeInViewport({ ratio: 1 });
});
