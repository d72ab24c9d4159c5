/** The page is for everyone: by keyboard, on any screen, and it speaks with nobody else. */
import { AxeBuilder } from '@axe-core/playwright';
import { PANES, expect, open, say, test } from './trifold.js';

for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
  for (const viewport of [
    { width: 1920, height: 1080 },
    { width: 390, height: 844 },
  ]) {
    test(`axe finds nothing, ${colorScheme}, ${viewport.width} wide`, async ({ page, server }) => {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize(viewport);
      await open(page, server);
      await say(page, 'hello');
      await expect(page.getByTestId('poll-delivered')).toHaveText('1');
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
    });
  }
}

test('no request leaves the server', async ({ page, server }) => {
  /** @type {string[]} */
  const hosts = [];
  page.on('request', (request) => hosts.push(new URL(request.url()).host));
  page.on('websocket', (socket) => hosts.push(new URL(socket.url()).host));
  await open(page, server);
  await say(page, 'hello');
  await expect(page.getByTestId('poll-delivered')).toHaveText('1');
  expect(hosts.length).toBeGreaterThan(10);
  expect(new Set(hosts)).toEqual(new Set([new URL(server.url).host]));
});

test('by keyboard alone: say a line, change a technique, stop', async ({ page, server }) => {
  await open(page, server);
  /** @param {string} testId */
  const tabTo = async (testId) => {
    const target = page.getByTestId(testId);
    for (let presses = 0; presses < 40; presses++) {
      if (await target.evaluate((own) => own === document.activeElement)) return;
      await page.keyboard.press('Tab');
    }
    throw new Error(`${testId} cannot be reached by Tab`);
  };
  await tabTo('toggle');
  await tabTo('chat');
  await page.keyboard.type('no mouse here');
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('ws-ticker')).toContainText('no mouse here');
  await tabTo('talks'); // and out of it again: a text area is no trap
  await tabTo('poll-technique');
  await page.keyboard.press('ArrowDown');
  await expect(page.getByTestId('poll-technique')).toHaveValue('interval-guard');
  for (const pane of PANES) await tabTo(`${pane}-technique`);
});

test('320 pixels are enough', async ({ page, server }) => {
  await page.setViewportSize({ width: 320, height: 640 });
  await open(page, server);
  await say(page, 'a line that is longer than a narrow screen is wide, by far');
  await expect(page.getByTestId('poll-delivered')).toHaveText('1');
  const { scroll, client } = await page.evaluate(() => ({
    scroll: document.documentElement.scrollWidth,
    client: document.documentElement.clientWidth,
  }));
  expect(scroll).toBe(client);
});

test('below 1100 pixels one pane shows, and the tabs change which', async ({ page, server }) => {
  await page.setViewportSize({ width: 1000, height: 800 });
  await open(page, server);
  await expect(page.getByTestId('pane-poll')).toBeVisible();
  await expect(page.getByTestId('pane-ws')).toBeHidden();
  await page.getByTestId('tab-poll').focus();
  await page.keyboard.press('ArrowLeft');
  await expect(page.getByTestId('pane-ws')).toBeVisible();
  await expect(page.getByTestId('pane-poll')).toBeHidden();
});
