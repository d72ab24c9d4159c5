/** Every published message arrives in every pane, from any client and with any transport. */
import { PANES, expect, open, sendChat, state, test } from './trifold.js';

test('a message arrives in three panes, with its latency', async ({
  page,
  server,
}) => {
  await open(page, server);
  await sendChat(page, 'hello from the first row');
  for (const pane of PANES) {
    const line = page.getByTestId(`${pane}-ticker`).locator('li').first();
    await expect(line).toContainText('hello from the first row');
    await expect(line.locator('.latency')).toHaveText(/^[\d.\u202f]+\sm?s$/);
    await expect(page.getByTestId(`${pane}-figure`)).toHaveText(/^[\d.\u202f]+m?s$/);
  }
  const { panes } = await state(page);
  expect(panes.map(({ latency }) => latency.n)).toEqual([1, 1, 1]);
});

test('only polling adds half its interval', async ({ page, server }) => {
  await open(page, server);
  await page.getByTestId('rate').fill('8');
  await page.getByTestId('rhythm').selectOption('poisson');
  await expect.poll(async () => (await state(page)).panes[0]?.delivered).toBeGreaterThan(40);
  const [poll, longpoll, ws] = (await state(page)).panes.map(({ latency }) => latency.p50 ?? 0);
  const intervalMs = 1000;
  expect((poll ?? 0) - Math.max(longpoll ?? 0, ws ?? 0)).toBeGreaterThan(intervalMs / 4);
});

test('two browsers on one server see each other', async ({ browser, page, server }) => {
  const other = await browser.newPage();
  await open(page, server);
  await open(other, server);
  await sendChat(page, 'from one');
  await sendChat(other, 'from the other');
  for (const each of [page, other]) {
    for (const pane of PANES) {
      await expect(each.getByTestId(`${pane}-ticker`)).toContainText('from one');
      await expect(each.getByTestId(`${pane}-ticker`)).toContainText('from the other');
    }
  }
  await other.close();
});

test('every pane changes through all transports without losing a message', async ({ page, server }) => {
  test.setTimeout(120_000);
  await open(page, server);
  await page.getByTestId('poll-every').fill('100');
  await page.getByTestId('rate').fill('40');
  await page.getByTestId('rhythm').selectOption('steady');
  const options = await page.getByTestId('ws-technique').locator('option').all();
  const transports = await Promise.all(options.map((option) => option.getAttribute('value')));
  expect(transports).toHaveLength(6);
  for (const transport of [...transports, 'ws', 'longpoll', 'chained']) {
    const before = (await state(page)).panes[0]?.delivered ?? 0;
    for (const pane of PANES) {
      await page.getByTestId(`${pane}-technique`).selectOption(transport);
    }
    await expect.poll(async () => (await state(page)).panes[0]?.delivered).toBeGreaterThan(before);
  }
  await page.getByTestId('rhythm').selectOption('off');
  await expect(page.getByTestId('queue')).toHaveText('', { timeout: 60_000 });
  const { head } = await server.health();
  expect((await state(page)).published).toBe(head);
  for (const index of PANES.keys()) {
    await expect
      .poll(async () => {
        const { delivered, shown, missed } = (await state(page)).panes[index] ?? {};
        return { delivered, shown, missed };
      })
      .toEqual({ delivered: head, shown: head, missed: 0 });
  }
});

test('everybody talks: two typists end with one text', async ({ browser, page, server }) => {
  const other = await browser.newPage();
  await open(page, server);
  await open(other, server);
  await page.getByTestId('talks').pressSequentially('the cat sat');
  await expect(other.getByTestId('talks')).toHaveValue('the cat sat');
  await other.getByTestId('talks').press('End');
  await other.getByTestId('talks').pressSequentially(' on the mat');
  await expect(page.getByTestId('talks')).toHaveValue('the cat sat on the mat');
  for (const pane of PANES) {
    await expect(page.getByTestId(`${pane}-mirror`)).toHaveText('the cat sat on the mat');
  }
  await other.close();
});

test('a page that opens later shows earlier messages, and measures none', async ({ page, server }) => {
  await server.publish({ sender: 'ana', kind: 'chat', body: 'early' });
  await server.publish({ sender: 'ana', kind: 'text', body: 'the shared text' });
  await open(page, server);
  for (const pane of PANES) {
    await expect(page.getByTestId(`${pane}-ticker`)).toContainText('early');
    await expect(page.getByTestId(`${pane}-mirror`)).toHaveText('the shared text');
  }
  await expect(page.getByTestId('talks')).toHaveValue('the shared text');
  const { panes } = await state(page);
  expect(panes.map(({ delivered, latency }) => [delivered, latency.n])).toEqual([
    [0, 0],
    [0, 0],
    [0, 0],
  ]);
});

test('a message of another client is measured by the server clock', async ({ page, server }) => {
  await open(page, server);
  await server.publish({ sender: 'ana', kind: 'chat', body: 'from elsewhere' });
  await expect.poll(async () => (await state(page)).panes[2]?.latency.n).toBe(1);
  const latency = (await state(page)).panes[2]?.latency;
  expect(latency?.error).toBeGreaterThan(0);
  expect(latency?.last).toBeLessThan(5000);
});

for (const viewport of [
  { width: 1920, height: 1080 },
  { width: 1366, height: 768 },
]) {
  test(`published messages are visible, ${viewport.width} wide`, async ({ page, server }) => {
    await page.setViewportSize(viewport);
    await open(page, server);
    await sendChat(page, 'can you read this');
    await page.getByTestId('talks').fill('and this');
    for (const pane of PANES) {
      const ticker = page.getByTestId(`${pane}-ticker`);
      await expect(ticker.locator('li')).toHaveCount(2);
      await expect(ticker.locator('li').nth(1)).toBeInViewport({ ratio: 0.9 });
      await expect(page.getByTestId(`${pane}-mirror`)).toBeInViewport({ ratio: 1 });
      const box = await page.getByTestId(`${pane}-mirror`).boundingBox();
      expect(box?.height).toBeGreaterThan(30);
      await expect(page.getByTestId(`${pane}-requests`)).toBeInViewport({ ratio: 1 });
    }
  });
}
