/** A switch of the transport: each segment has the figures of its own transport alone. */
import { byId, expect, open, state, test } from './trifold.js';

/** @param {import('@playwright/test').Page} page */
async function pollPane(page) {
  return byId(await state(page)).poll;
}

/** Publishes 20 messages per second, as the page's publisher does.
 * @param {import('@playwright/test').Page} page */
async function startBurst(page) {
  await page.getByTestId('rate').fill('20');
  await page.getByTestId('rhythm').selectOption('steady');
}

/** Waits until a segment has measured enough. @param {import('@playwright/test').Page} page @param {number} n */
async function measure(page, n = 80) {
  await expect.poll(async () => (await pollPane(page)).latency.n).toBeGreaterThanOrEqual(n);
}

/** @param {import('@playwright/test').Page} page @param {number} requests of the first, while it ran */
async function expectOwnFigures(page, requests) {
  const { segments } = await pollPane(page);
  expect(segments.map(({ transport }) => transport)).toEqual([
    'interval', 'ws', 'interval', 'interval', 'interval-guard',
  ]);
  const [first, ws, second, faster, guarded] = segments.map(({ p50 }) => Number(p50));
  // A busy machine adds to every latency, so the segments are compared with the WebSocket's.
  for (const median of [first, faster, second, guarded]) expect(Number(median)).toBeGreaterThan(Number(ws) + 50);
  const { p50 } = byId(await state(page)).ws.latency; // ran with WebSocket alone
  expect(Math.abs(Number(ws) - Number(p50))).toBeLessThan(Math.max(40, Number(p50)));
  expect(segments[0]?.requests).toBeGreaterThanOrEqual(requests);
  expect(segments[1]?.requests).toBe(1);
  // A request has the same size, whatever came before; the meters are sent twice a second.
  await expect
    .poll(async () => {
      const polls = (await pollPane(page)).segments.filter(({ transport }) => transport !== 'ws');
      const sizes = polls.map(({ bytes, requests }) => Number(bytes.up) / requests);
      return Math.max(...sizes) - Math.min(...sizes);
    })
    .toBeLessThan(8);
}

test('segments in the middle of a burst have the figures of their transport', { tag: '@alone' }, async ({ page, server }) => {
  await open(page, server);
  await startBurst(page);
  const select = page.getByTestId('poll-technique');
  await measure(page);
  const polling = await pollPane(page);
  await select.selectOption('ws');
  await expect.poll(async () => (await pollPane(page)).state).toBe('open');
  await measure(page);
  await select.selectOption('interval');
  await measure(page);
  await page.getByTestId('poll-every').fill('300');
  await page.getByTestId('poll-every').press('Enter');
  await page.getByTestId('rhythm').focus(); // leaves the field, so that keys are commands
  await page.getByTestId('rhythm').blur();
  await measure(page);
  await page.keyboard.press('v'); // interval + guard
  await measure(page);
  await page.getByTestId('rhythm').selectOption('off');

  await expect
    .poll(async () => {
      const { published, panes } = await state(page);
      return panes.every(({ delivered }) => delivered === published);
    })
    .toBe(true);
  expect(await pollPane(page)).toMatchObject({ missed: 0, gaps: 0 }); // setInterval may overtake itself
  await page.getByTestId('toggle').click();

  await expectOwnFigures(page, polling.requests);
});

test('the finished segment stays as a paler row and as a curve', async ({ page, server }) => {
  await page.setViewportSize({ width: 1920, height: 1080 });
  await open(page, server);
  await startBurst(page);
  await measure(page, 20);
  await page.getByTestId('poll-technique').selectOption('ws');
  const row = page.getByTestId('segment-row');
  await expect(row).toHaveCount(1);
  await expect(row).toContainText('■ Polling, interval, before');
  await expect(page.getByTestId('ecdf').locator('.ghost')).toHaveCount(1);
  await expect(page.getByTestId('comparison').locator('tr').first()).toContainText('● WebSocket');
  await expect(page.getByTestId('comparison').locator('tr').first()).toContainText('1 handshake');
  await page.getByTestId('reset').click();
  await expect(row).toHaveCount(0);
});
