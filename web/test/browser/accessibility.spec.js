/** Accessibility and privacy: keyboard, screens, contrast; no request to another host. */
import { AxeBuilder } from '@axe-core/playwright';
import { PANES, byId, expect, open, sendChat, startPreset, state, test, waitSubscribed } from './trifold.js';

for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
  for (const viewport of [
    { width: 1920, height: 1080 },
    { width: 390, height: 844 },
  ]) {
    test(`has no axe violations, ${colorScheme}, ${viewport.width} wide`, async ({ page, server }) => {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize(viewport);
      await open(page, server);
      await sendChat(page, 'hello');
      await expect(page.getByTestId('poll-delivered')).toHaveText('1');
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
    });
  }
}

test('all requests go to the server', async ({ page, server }) => {
  /** @type {string[]} */
  const hosts = [];
  page.on('request', (request) => hosts.push(new URL(request.url()).host));
  page.on('websocket', (socket) => hosts.push(new URL(socket.url()).host));
  await open(page, server);
  await sendChat(page, 'hello');
  await expect(page.getByTestId('poll-delivered')).toHaveText('1');
  expect(hosts.length).toBeGreaterThan(10);
  expect(new Set(hosts)).toEqual(new Set([new URL(server.url).host]));
});

test('the keyboard alone publishes, changes a transport and stops', async ({ page, server }) => {
  await open(page, server);
  /** @param {string} testId */
  const tabTo = async (testId) => {
    const target = page.getByTestId(testId);
    for (let presses = 0; presses < 40; presses++) {
      if (await target.evaluate((element) => element === document.activeElement)) return;
      await page.keyboard.press('Tab');
    }
    throw new Error(`${testId} cannot be reached by Tab`);
  };
  await tabTo('toggle');
  await tabTo('chat');
  await page.keyboard.type('no mouse here');
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('ws-ticker')).toContainText('no mouse here');
  await tabTo('talks'); // and out of it: the text area does not keep the focus
  await tabTo('poll-technique');
  await page.keyboard.press('ArrowDown');
  await expect(page.getByTestId('poll-technique')).toHaveValue('interval-guard');
  for (const pane of PANES) await tabTo(`${pane}-technique`);
});

test('fits 320 pixels', async ({ page, server }) => {
  await page.setViewportSize({ width: 320, height: 640 });
  await open(page, server);
  await sendChat(page, 'a message that is much longer than a narrow screen is wide');
  await expect(page.getByTestId('poll-delivered')).toHaveText('1');
  const { scroll, client } = await page.evaluate(() => ({
    scroll: document.documentElement.scrollWidth,
    client: document.documentElement.clientWidth,
  }));
  expect(scroll).toBe(client);
});

test.describe('200 % zoom', () => {
  test.use({ viewport: { width: 640, height: 360 }, deviceScaleFactor: 2 }); // of 1280 x 720

  for (const preset of ['', 'order']) {
    test(`cuts nothing off, ${preset || 'free mode'}`, async ({ page, server }) => {
      await page.goto(`${server.url}/?preset=${preset}&seed=42&autorun=1`);
      if (preset === '') {
        await waitSubscribed(page); // an earlier message would not be counted
        await sendChat(page, 'a message');
      }
      await expect.poll(async () => byId(await state(page)).poll.delivered).toBeGreaterThan(0);
      for (const key of ['', 'c', 't']) {
        if (key) await page.locator('.top h1').click();
        if (key) await page.keyboard.press(key);
        expect(await page.evaluate(cutOff)).toEqual([]);
      }
    });
  }
});

/** Runs in the page: elements beyond the sides of the screen, or of a box that does not scroll. */
function cutOff() {
  const { scrollWidth, clientWidth } = document.documentElement;
  const found = scrollWidth > clientWidth ? [`the page is ${scrollWidth} wide`] : [];
  for (const element of document.querySelectorAll('body *:not(svg *, option)')) {
    const box = element.getBoundingClientRect();
    const inScroller = element.parentElement?.closest('.presets, .ticker, .event-log, .code, .table-view, .comparison, .ladder, .strip-drawing');
    const isOnlyRead = element.matches('.status:not(.visible)');
    if (box.width === 0 || inScroller || isOnlyRead) continue;
    const { overflowX, overflowY, textOverflow } = getComputedStyle(element);
    const scrolls = overflowX === 'auto' || overflowY === 'auto' || textOverflow === 'ellipsis';
    const isOutside = box.left < -1 || box.right > clientWidth + 1;
    const isTooWide = !scrolls && element.clientWidth > 0 && element.scrollWidth > element.clientWidth + 1;
    const isTooHigh = element.matches('.pane, .top, footer') && element.scrollHeight > element.clientHeight + 1;
    if (isOutside || isTooWide || isTooHigh) found.push(`${element.tagName} ${element.className}`);
  }
  return found;
}

test('each drawing has a name and a table', async ({ page, server }) => {
  await page.setViewportSize({ width: 1920, height: 1080 });
  await startPreset(page, server, 'chat');
  await expect.poll(async () => byId(await state(page)).poll.delivered).toBeGreaterThan(1);
  const nameless = await page.locator('svg').evaluateAll((all) =>
    all
      .filter((svg) => !svg.closest('[aria-hidden="true"], [role="img"][aria-label]'))
      .map((svg) => svg.outerHTML.slice(0, 80)),
  );
  expect(nameless).toEqual([]);
  const drawings = page.locator('[role="img"]');
  await expect(drawings).toHaveCount(5);
  const names = await drawings.evaluateAll((all) => all.map(({ ariaLabel }) => ariaLabel));
  expect(names.every((name) => name && name.length > 10)).toBe(true);

  await page.keyboard.press('t');
  for (const drawing of await drawings.all()) await expect(drawing).toBeHidden();
  await page.keyboard.press('.'); // the view stands still
  const table = page.getByTestId('truth-table');
  await expect(table.locator('tr').first().locator('td').first()).toHaveText(/^#\d+$/);
  expect(await table.locator('tr').first().locator('td').count()).toBeGreaterThan(0);
  await expect(table.locator('tr').nth(1).locator('td').first()).toHaveText(/^\d+\.\d\d\ss$/);
  for (const pane of PANES) await expect(page.getByTestId(`${pane}-log`).locator('li').first()).toBeVisible();
  await expect(page.locator('.quantiles tr')).toHaveCount(4);
});

test('below 1100 pixels the tabs select the visible pane', async ({ page, server }) => {
  await page.setViewportSize({ width: 1000, height: 800 });
  await open(page, server);
  await expect(page.getByTestId('pane-poll')).toBeVisible();
  await expect(page.getByTestId('pane-ws')).toBeHidden();
  await page.getByTestId('tab-poll').focus();
  await page.keyboard.press('ArrowLeft');
  await expect(page.getByTestId('pane-ws')).toBeVisible();
  await expect(page.getByTestId('pane-poll')).toBeHidden();
});

for (const view of /** @type {const} */ (['', 'l', 't', 'c', '?'])) {
  test(`has no axe violations while a lesson runs${view && `, after key ${view}`}`, async ({
    page,
    server,
  }) => {
    await startPreset(page, server, 'order');
    if (view) await page.keyboard.press(view);
    await expect.poll(async () => byId(await state(page)).poll.stale, { timeout: 20_000 }).toBeGreaterThan(0);
    await page.keyboard.press('.');
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
  });
}

test('shapes distinguish the panes without colors', async ({ page, server }) => {
  await startPreset(page, server, 'typing');
  const session = await page.context().newCDPSession(page);
  const shapes = async () =>
    Promise.all(
      PANES.map(async (pane) => {
        const mark = page.getByTestId(`${pane}-ladder`).locator('path.mark').first();
        return (await mark.getAttribute('d'))?.replace(/[\d.-]+/g, '');
      }),
    );
  await expect.poll(async () => byId(await state(page)).poll.answers).toBeGreaterThan(2);
  for (const type of /** @type {const} */ (['protanopia', 'deuteranopia', 'tritanopia', 'achromatopsia'])) {
    await session.send('Emulation.setEmulatedVisionDeficiency', { type });
    expect(new Set(await shapes()).size).toBe(3);
    for (const name of ['■Polling', '▲Long polling', '●WebSocket']) {
      await expect(page.locator('.pane h2').filter({ hasText: name })).toBeVisible();
    }
  }
  await page.emulateMedia({ forcedColors: 'active' });
  const fill = page.getByTestId('ws-ladder').locator('path.mark').first();
  expect(await fill.evaluate((element) => getComputedStyle(element).fill)).not.toBe('none');
  expect(new Set(await shapes()).size).toBe(3);
});

test('the keyboard alone runs a whole lesson', async ({ page, server }) => {
  await page.goto(`${server.url}/?preset=idle`);
  await page.keyboard.press('PageDown');
  await expect.poll(async () => (await state(page)).running).toBe(true);
  await page.keyboard.press('Space');
  expect((await state(page)).paused).toBe(true);
  await page.keyboard.press('Space');
  await page.keyboard.press('v');
  await expect.poll(async () => byId(await state(page)).poll.technique).toBe('interval-guard');
  await page.keyboard.press('Enter');
  await expect.poll(async () => (await state(page)).running).toBe(false);
  await page.keyboard.press('r');
  await expect(page.getByTestId('poll-requests')).toHaveText('0');
});

test('with reduced motion the drawings do not scroll', async ({ page, server }) => {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await startPreset(page, server, 'idle');
  const positions = await page.getByTestId('poll-ladder').locator('.moving').evaluate(
    (layer) =>
      new Promise((resolve) => {
        const seen = new Set();
        const startedAt = performance.now();
        const check = () => {
          seen.add(layer.style.transform);
          if (performance.now() - startedAt > 2000) resolve(seen.size);
          else requestAnimationFrame(check);
        };
        check();
      }),
  );
  expect(positions).toBeLessThanOrEqual(4);
});

test('the panes continue from their cursors after the back/forward cache', async ({
  page,
  server,
}) => {
  await open(page, server);
  await sendChat(page, 'before');
  await expect(page.getByTestId('ws-delivered')).toHaveText('1');
  await page.evaluate(() => dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true })));
  await expect.poll(async () => (await server.health()).waiters).toBe(0);
  await server.publish({ body: 'meanwhile' });
  await page.evaluate(() => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })));
  for (const pane of PANES) await expect(page.getByTestId(`${pane}-delivered`)).toHaveText('2');
});
