/** Free mode: the invitation, the network panel, limits of inputs, and what the server pays. */
import { byId, expect, open, sendChat, state, test } from './trifold.js';
import { PROFILES } from '../../model/network.js';

/** @param {import('@playwright/test').Page} page */
async function openPanel(page) {
  await page.keyboard.press('Escape'); // leaves a field
  await page.keyboard.press('Shift+N');
  await expect(page.getByTestId('network-panel')).toBeVisible();
}

test('an empty page invites to the first lesson, until a message arrives', async ({ page, server }) => {
  await open(page, server);
  await expect(page.getByTestId('first-lesson')).toBeVisible();
  await page.getByTestId('first-lesson').click();
  await expect(page.getByTestId('ask')).toContainText('No messages for 20 seconds');
  await page.keyboard.press('o');
  await sendChat(page, 'hello');
  await expect(page.getByTestId('first-lesson')).toBeHidden();
});

for (const name of ['transatlantic', 'satellite']) {
  test(`the profile ${name} delays each message as it says`, { tag: '@alone' }, async ({ page, server }) => {
    const { up = 0, down = 0, jitter = 0 } = PROFILES.find((profile) => profile.name === name)?.network ?? {};
    await open(page, server);
    await page.getByTestId('poll-technique').selectOption('ws'); // without the network: what the machine takes
    await openPanel(page);
    await page.getByTestId('network-pane').selectOption('ws');
    const requests = page.waitForEvent('websocket', (socket) => socket.url().includes(`up_ms=${up}`));
    await page.getByTestId('network-profile').selectOption(name);
    const url = new URL((await requests).url());
    expect(url.searchParams.get('down_ms')).toBe(String(down));
    await page.getByTestId('network-loss').fill('0'); // a lost segment holds back many messages
    await page.getByTestId('network-loss').press('Enter');
    await page.getByTestId('rate').fill('20');
    await page.getByTestId('rhythm').selectOption('steady');
    await expect.poll(async () => byId(await state(page)).ws.latency.n, { timeout: 20_000 }).toBeGreaterThan(60);
    const { poll: plain, ws } = byId(await state(page));
    const delay = Number(ws.latency.p50) - Number(plain.latency.p50);
    const expected = down + jitter / 2;
    expect(delay).toBeGreaterThan(0.9 * expected);
    expect(delay).toBeLessThan(1.1 * expected + 25); // the machine's own time
    await expect(page.getByTestId('injected')).toContainText(`ws: ${down} ms each way`);
  });
}

test('a network of one pane delays only that one, and starts a segment', async ({ page, server }) => {
  await open(page, server);
  await openPanel(page);
  await page.getByTestId('network-pane').selectOption('ws');
  await page.getByTestId('network-down').fill('300');
  await page.getByTestId('network-down').press('Enter');
  await expect(page.getByTestId('injected')).toContainText('ws: 0 ms up, 300 ms down');
  await page.getByTestId('rate').fill('10');
  await page.getByTestId('rhythm').selectOption('steady');
  await expect.poll(async () => byId(await state(page)).ws.latency.n, { timeout: 20_000 }).toBeGreaterThan(10);
  const { longpoll, ws } = byId(await state(page));
  expect(Number(ws.latency.p50)).toBeGreaterThan(295);
  expect(Number(longpoll.latency.p50)).toBeLessThan(250);
  expect(ws.segments).toHaveLength(2);
  expect(longpoll.segments).toHaveLength(1);
});

test('loss: a WebSocket gets bursts in order, polls single late responses', async ({ page, server }) => {
  await open(page, server);
  await openPanel(page);
  await page.getByTestId('network-loss').fill('20');
  await page.getByTestId('network-loss').press('Enter');
  await page.getByTestId('rate').fill('20');
  await page.getByTestId('rhythm').selectOption('steady');
  await expect.poll(async () => byId(await state(page)).ws.latency.n, { timeout: 30_000 }).toBeGreaterThan(100);
  const { ws } = byId(await state(page));
  expect(ws).toMatchObject({ stale: 0, duplicate: 0, missed: 0 });
  // A lost frame holds back those behind it for 200 ms: far more than a fifth of them is late.
  expect(Number(ws.latency.p50)).toBeGreaterThan(40);
  expect(Number(ws.latency.p95)).toBeGreaterThan(180);
});

test('a fault hits its share of the requests, and no message is lost', async ({ page, server }) => {
  await open(page, server);
  await page.getByTestId('poll-every').fill('100');
  await page.getByTestId('poll-every').press('Enter');
  await openPanel(page);
  await page.getByTestId('network-fault').selectOption('503');
  await page.getByTestId('network-faultShare').fill('40');
  await page.getByTestId('network-faultShare').press('Enter');
  await sendChat(page, 'through errors');
  await expect.poll(async () => byId(await state(page)).poll.requests, { timeout: 30_000 }).toBeGreaterThan(60);
  const { poll } = byId(await state(page));
  expect(poll.errors / poll.requests).toBeGreaterThan(0.2);
  expect(poll.errors / poll.requests).toBeLessThan(0.6);
  expect(poll.delivered).toBe(1);
});

test('values out of range become the limit, and the page says so', async ({ page, server }) => {
  await open(page, server);
  const enter = async (/** @type {string} */ field, /** @type {string} */ value) => {
    await page.getByTestId(field).fill(value);
    await page.getByTestId(field).press('Enter');
  };
  await enter('rate', '100');
  await expect(page.getByTestId('rate')).toHaveValue('50');
  await expect(page.getByText('50\u00a0per second at most')).toBeVisible();
  await enter('rate', '-3');
  await expect(page.getByTestId('rate')).toHaveValue('0.1');
  await enter('rate', '');
  await expect(page.getByTestId('rate')).toHaveValue('0.1');
  await enter('poll-every', '10');
  await expect(page.getByTestId('poll-every')).toHaveValue('50');
  await enter('poll-every', '60001');
  await expect(page.getByText('60000\u00a0ms at most')).toBeVisible();
});

test('the page shows what the server pays', async ({ page, server }) => {
  await page.setViewportSize({ width: 1920, height: 1080 });
  await open(page, server);
  const cost = page.getByTestId('server-cost');
  await expect(cost).toContainText('1\u00a0WebSocket and 1\u00a0held long poll');
  await expect(cost).toContainText('% of a core');
  await page.getByTestId('poll-technique').selectOption('ws');
  await expect(cost).toContainText('2\u00a0WebSockets');
});

test('an unreachable server is announced in one banner', async ({ page, server }) => {
  await open(page, server);
  await server.stop();
  await expect(page.getByTestId('banner')).toContainText(/^Server not reachable for [2-9]\ss; retrying\. The panes will continue from their cursors\.$/);
  await expect(page.getByTestId('here')).toHaveText('○ not connected');
  await server.start();
  await expect(page.getByTestId('banner')).toBeHidden({ timeout: 20_000 });
});

test('a lesson that waits for the server says so, and starts when it responds', async ({ page, server }) => {
  await open(page, server);
  await server.stop();
  await expect(page.getByTestId('here')).toHaveText('○ not connected');
  await page.keyboard.press('2');
  await expect(page.getByTestId('banner')).toHaveText('Waiting for the server; the lesson starts when it responds.');
  await server.start();
  await expect(page.getByTestId('banner')).toBeHidden({ timeout: 20_000 });
  await expect.poll(async () => byId(await state(page)).poll.answers, { timeout: 20_000 }).toBeGreaterThan(0);
});

test('a line that cannot be sent waits, and the page says so', async ({ page, server }) => {
  await open(page, server);
  await sendChat(page, '   ');
  await sendChat(page, ' trimmed ');
  await expect(page.getByTestId('ws-ticker').locator('.body').first()).toHaveText('trimmed');
  expect((await server.health()).head).toBe(1);
  await server.stop();
  await expect(page.getByTestId('ws-position')).toHaveText('showing #1, up to date as far as known');
  await sendChat(page, 'offline');
  await expect(page.getByTestId('queue')).toHaveText('1 message waiting to be sent');
  await server.start();
  await expect(page.getByTestId('queue')).toBeHidden({ timeout: 20_000 });
});

test('a server that rejects requests is not called unreachable', async ({ page, server }) => {
  await page.route(/\/poll\?/, (route) => route.fulfill({ status: 400, json: { title: 'no' } }));
  await page.goto(server.url);
  await expect(page.getByTestId('poll-state')).toHaveText('rejected: 400, retrying');
});

test('the network panel takes the focus, and Escape gives it back', async ({ page, server }) => {
  await open(page, server);
  const button = page.getByTestId('network');
  await expect(button).toHaveAttribute('aria-expanded', 'false');
  await button.focus();
  await page.keyboard.press('Shift+N');
  await expect(page.getByTestId('network-pane')).toBeFocused();
  await expect(button).toHaveAttribute('aria-expanded', 'true');
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('network-panel')).toBeHidden();
  await expect(button).toBeFocused();
  await expect(button).toHaveAttribute('aria-expanded', 'false');
});

for (const width of [320, 390, 700]) {
  test(`a phone, ${width} wide, has Decide and the network panel, and nothing sticks out`, async ({ page, server }) => {
    await page.setViewportSize({ width, height: 800 });
    await open(page, server);
    await expect(page.getByTestId('decide-link')).toBeVisible();
    await page.getByTestId('network').click();
    await expect(page.getByTestId('network-faultShare')).toBeVisible();
    const sticksOut = () => page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    expect(await sticksOut()).toBe(false);
    const targets = await page.locator('.top button:visible, .top a:visible').evaluateAll((all) =>
      all.map((target) => target.getBoundingClientRect()).map(({ width, height }) => Math.min(width, height)),
    );
    expect(Math.min(...targets)).toBeGreaterThanOrEqual(24);
    await page.evaluate(() => {
      const badge = document.querySelector('[data-testid="poll-state"]');
      if (badge) badge.textContent = '6 sent, 34 queued in the browser';
    });
    expect(await sticksOut()).toBe(false);
  });
}
