/** The page recovers from failures, and reports what was lost. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from '@playwright/test';
import { PANES, byId, errorsOf, expect, open, sendChat, startPreset, state, test, waitSubscribed } from './trifold.js';

test('after a restart of the server the page reconnects, and sends queued messages', async ({
  page,
  server,
}) => {
  await open(page, server);
  await sendChat(page, 'before');
  await expect(page.getByTestId('poll-ticker')).toContainText('before');
  await server.stop();
  await expect(page.getByTestId('ws-state')).toHaveText('no connection, retrying');
  for (const pane of PANES) await expect(page.getByTestId(`${pane}-up`)).toHaveText('–');
  await sendChat(page, 'while the server is down');
  await server.start();
  await waitSubscribed(page);
  for (const pane of PANES) {
    await expect(page.getByTestId(`${pane}-ticker`)).toContainText('the log was restarted');
    await expect(page.getByTestId(`${pane}-ticker`)).toContainText('while the server is down');
    await expect(page.getByTestId(`${pane}-gaps`)).toHaveText('1');
  }
  expect((await server.health()).head).toBe(1);
  // The counts of the old server are lost.
  for (const pane of PANES) await expect(page.getByTestId(`${pane}-up`)).toHaveText('–');
});

test('after a restart of the server the shared text follows the new versions', async ({ page, server }) => {
  await open(page, server);
  for (const number of [1, 2, 3]) await server.publish({ kind: 'text', body: `text ${number}` });
  await expect(page.getByTestId('talks')).toHaveValue('text 3');
  await server.stop();
  await server.start();
  for (const pane of PANES) await expect(page.getByTestId(`${pane}-gaps`)).toHaveText('1');
  await server.publish({ kind: 'text', body: 'text of the new log' });
  await expect(page.getByTestId('talks')).toHaveValue('text of the new log');
});

test.describe('a log that keeps five messages', () => {
  test.use({ flags: ['--retain-messages', '5'] });

  test('a pane behind the log reports how many messages it missed', async ({ page, server }) => {
    await open(page, server);
    await page.getByTestId('toggle').click();
    for (let number = 1; number <= 12; number++) await server.publish({ body: number });
    await page.getByTestId('toggle').click();
    for (const [index, pane] of PANES.entries()) {
      await expect(page.getByTestId(`${pane}-ticker`)).toContainText('no longer holds 7 messages');
      await expect
        .poll(async () => {
          const { delivered, missed, gaps } = (await state(page)).panes[index] ?? {};
          return { delivered, missed, gaps };
        })
        .toEqual({ delivered: 5, missed: 7, gaps: 1 });
    }
  });
});

test('start continues after stop, and reset sets all counters to 0', async ({ page, server }) => {
  await open(page, server);
  await sendChat(page, 'one');
  await expect.poll(async () => (await state(page)).panes.map(({ delivered }) => delivered)).toEqual([1, 1, 1]);
  await page.getByTestId('toggle').click();
  await expect.poll(async () => (await server.health()).waiters).toBe(0);
  await server.publish({ body: 'two' });
  await page.getByTestId('toggle').click();
  await expect.poll(async () => (await state(page)).panes.map(({ delivered }) => delivered)).toEqual([2, 2, 2]);

  await page.getByTestId('reset').click();
  const { running, published, panes } = await state(page);
  expect({ running, published }).toEqual({ running: false, published: 0 });
  for (const { technique: _, transport: __, id: ___, bytes: ____, ...pane } of panes) {
    const { state: paneState, latency, segments, ...counts } = pane;
    expect(paneState).toBe('stopped');
    expect(segments).toEqual([]);
    expect(latency.n).toBe(0);
    expect(Object.values(counts)).toEqual(Object.values(counts).map(() => 0));
  }
  await expect.poll(async () => (await server.health()).waiters).toBe(0);
});

test('requests wait for a slow reset of the meters', async ({ page, server }) => {
  await page.routeWebSocket(/\/lab/, (socket) => {
    const server = socket.connectToServer();
    let queue = Promise.resolve();
    socket.onMessage((message) => {
      const isReset = String(message).includes('"reset"');
      queue = queue
        .then(() => new Promise((resolve) => setTimeout(resolve, isReset ? 1000 : 0)))
        .then(() => server.send(message));
    });
  });
  await startPreset(page, server, 'idle');
  await expect.poll(async () => byId(await state(page)).poll.answers).toBeGreaterThan(1);
  await expect.poll(async () => (await state(page)).panes.map(({ bytes: { up } }) => (up ?? 0) > 0)).toEqual([true, true, true]);
  expect(byId(await state(page)).longpoll).toMatchObject({ requests: 1, answers: 0 });
});

test('without a reset of the meters a run starts after a time-out, with unknown bytes', async ({ page, server }) => {
  let resets = 0;
  let release = () => {};
  const held = new Promise((resolve) => (release = () => resolve(null)));
  await page.routeWebSocket(/\/lab/, (socket) => {
    const server = socket.connectToServer();
    let queue = Promise.resolve();
    socket.onMessage((message) => {
      const isReset = String(message).includes('"reset"');
      queue = queue
        .then(async () => (isReset ? void (await held) : undefined))
        .then(() => server.send(message));
    });
    server.onMessage((message) => {
      socket.send(message);
      if (String(message).includes('"reset"')) resets += 1;
    });
  });
  await startPreset(page, server, 'idle');
  await expect.poll(async () => byId(await state(page)).poll.answers).toBeGreaterThan(1);
  release();
  await expect.poll(() => resets).toBeGreaterThan(0);
  const { answers } = byId(await state(page)).poll;
  await expect.poll(async () => byId(await state(page)).poll.answers).toBeGreaterThan(answers + 1); // meters have been sent since
  for (const { bytes } of (await state(page)).panes) expect(bytes).toEqual({ up: null, down: null });
});

test('without WebSockets the other transports work, and bytes are unknown', async ({ page, server }) => {
  await page.routeWebSocket(/./, (socket) => socket.close());
  await page.goto(server.url);
  await expect.poll(async () => (await state(page)).panes.map((pane) => pane.state)).toEqual(['polling', 'held', 'retrying']);
  await sendChat(page, 'over HTTP');
  for (const pane of ['poll', 'longpoll']) await expect(page.getByTestId(`${pane}-delivered`)).toHaveText('1');
  await expect(page.getByTestId('ws-delivered')).toHaveText('0');
  for (const pane of PANES) await expect(page.getByTestId(`${pane}-up`)).toHaveText('–');
  await page.getByTestId('preset-outage').click();
  await expect(page.getByTestId('injected')).toHaveText('injected: nothing, WebSockets are blocked');
  await page.keyboard.press('x');
  await expect(page.getByTestId('status')).toContainText('No outage');
});

test('with site data blocked the page works', async ({ server, launchOptions }) => {
  const profile = await mkdtemp(join(tmpdir(), 'trifold-'));
  await mkdir(join(profile, 'Default'));
  const preferences = { profile: { default_content_setting_values: { cookies: 2 } } };
  await writeFile(join(profile, 'Default', 'Preferences'), JSON.stringify(preferences));
  const context = await chromium.launchPersistentContext(profile, launchOptions);
  try {
    const errors = errorsOf(context);
    const page = await context.newPage();
    await open(page, server);
    const read = page.evaluate(() => sessionStorage.length);
    await expect(read).rejects.toThrow('SecurityError');
    for (const pane of PANES) await expect(page.getByTestId(`pane-${pane}`)).toBeVisible();
    await page.getByTestId('name').fill('somebody');
    await sendChat(page, 'without site data');
    for (const pane of PANES) {
      await expect(page.getByTestId(`${pane}-ticker`)).toContainText('somebody');
      await expect(page.getByTestId(`${pane}-ticker`)).toContainText('without site data');
    }
    await page.reload();
    await expect(page.getByTestId('name')).not.toHaveValue('somebody');
    expect(errors).toEqual([]);
  } finally {
    await context.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
});

test('a silent control channel is replaced', async ({ page, server }) => {
  await page.clock.install();
  let channels = 0;
  let silent = false;
  let dropped = 0;
  await page.routeWebSocket(/\/lab/, (socket) => {
    const isFirst = ++channels === 1;
    const server = socket.connectToServer();
    socket.onMessage((message) => (isFirst && silent ? ++dropped : server.send(message)));
  });
  await open(page, server);
  silent = true;
  await sendChat(page, 'queued');
  await expect.poll(() => dropped).toBeGreaterThan(0);
  await page.clock.fastForward(10_000);
  await expect(page.getByTestId('poll-delivered')).toHaveText('1');
  await expect.poll(() => channels).toBe(2);
});

const HOSTILE = [
  '<img src=x onerror="document.title=\'owned\'">',
  '\u202eright to left \u05e9\u05dc\u05d5\u05dd',
  '👩‍👩‍👧‍👦 🏳️‍🌈 é\u0301',
  '</script><script>document.title="owned"</script>',
];

test('hostile text is shown as text', async ({ page, server }) => {
  await open(page, server);
  const title = await page.title();
  for (const text of HOSTILE) {
    await sendChat(page, text);
    await server.publish({ sender: text.slice(0, 64), kind: 'text', body: text });
    for (const pane of PANES) {
      await expect(page.getByTestId(`${pane}-mirror`)).toHaveText(text);
      await expect(page.getByTestId(`${pane}-ticker`)).toContainText(text);
    }
  }
  await server.publish({ body: { not: ['a', 'string', null] } });
  await expect(page.getByTestId('ws-ticker')).toContainText('{"not":["a","string",null]}');
  expect(await page.title()).toBe(title);
  expect(await page.locator('.ticker img, .shared-text-view img, .ticker script').count()).toBe(0);
});

test('64 KiB are rejected with a reason, 60 KiB arrive and fit the page', async ({
  page,
  server,
}) => {
  await open(page, server);
  const longest = 'x'.repeat(60 * 1024);
  await sendChat(page, longest);
  await expect.poll(async () => (await state(page)).panes.map(({ delivered }) => delivered)).toEqual([1, 1, 1]);
  const tooLong = 'y'.repeat(64 * 1024);
  await sendChat(page, tooLong);
  await expect(page.getByTestId('outcome')).toHaveText(/Not sent: .*65536 bytes/);
  await expect(page.getByTestId('chat')).toHaveValue(tooLong);
  await page.getByTestId('talks').fill(longest);
  await expect(page.getByTestId('ws-mirror')).toHaveText(longest);
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth > document.documentElement.clientWidth,
  );
  expect(overflow).toBe(false);
});
