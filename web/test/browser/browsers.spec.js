/**
 * What browsers do on their own: they slow hidden tabs down, freeze them, keep six connections
 * to a host, and say OPEN of a socket that is dead.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createConnection, createServer } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from '@playwright/test';
import { PANES, begin, byId, expect, finished, listening, open, say, state, test as base } from './trifold.js';

/**
 * @typedef {import('@playwright/test').BrowserContext} BrowserContext
 * @typedef {import('@playwright/test').Page} Page
 */

/**
 * A browser as people have it: its tabs share a window, and of those only one is visible.
 * Playwright keeps every page of its own browsers visible, by emulating focus, and no command
 * to the page undoes that; so this browser is started beside it.
 *
 * @type {import('@playwright/test').Fixtures<{ tabs: BrowserContext }, {}, import('@playwright/test').PlaywrightTestArgs, import('@playwright/test').PlaywrightWorkerArgs & import('@playwright/test').PlaywrightWorkerOptions>}
 */
const fixtures = {
  tabs: [
    async ({ launchOptions }, use, info) => {
      // A browser that has just begun may take a connection and never answer: another one, then.
      let own = null;
      for (let attempt = 0; attempt < 3 && !own; attempt++) own = await startBeside(launchOptions);
      if (!own) return info.skip(true, 'no browser beside the first one answers on this machine');
      await use(own.context);
      await own.end();
    },
    { timeout: 90_000 },
  ],
};

/**
 * Starts a browser and connects with it; `null` when it does not answer.
 * @param {import('@playwright/test').LaunchOptions} options
 */
async function startBeside({ executablePath = 'chromium', args = [] }) {
  const home = await mkdtemp(join(tmpdir(), 'trifold-'));
  const own = ['--headless', '--window-size=1366,900', '--remote-debugging-port=0', `--user-data-dir=${home}`];
  const program = spawn(executablePath, [...args, ...own], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(program, 'exit');
  const end = async () => {
    program.kill('SIGKILL');
    await ended;
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  };
  let address;
  for await (const line of createInterface(program.stderr)) {
    address = /DevTools listening on (\S+)/.exec(line)?.[1];
    if (address) break;
  }
  program.stderr.resume(); // or what it goes on saying would block it
  try {
    const browser = await chromium.connectOverCDP(address ?? 'no address', { noDefaults: true, timeout: 10_000 });
    const [context] = browser.contexts();
    if (context) return { context, end };
  } catch (error) {
    console.log(`no answer from the browser beside: ${error}`);
  }
  await end();
  return null;
}

const test = base.extend(fixtures);

/** @param {Page} page @param {'visible' | 'hidden'} wanted */
async function becomes(page, wanted) {
  await expect.poll(() => page.evaluate(() => document.visibilityState)).toBe(wanted);
}

test('hidden: another tab in front slows polling down, and nothing else', async ({ tabs, server }) => {
  const page = tabs.pages()[0] ?? (await tabs.newPage());
  await begin(page, server, 'hidden');
  await expect.poll(async () => byId(await state(page)).ws.latency.n).toBeGreaterThan(4);
  await tabs.newPage();
  await becomes(page, 'hidden');
  const before = byId(await state(page));
  await expect.poll(async () => byId(await state(page)).ws.delivered).toBeGreaterThan(before.ws.delivered + 20);
  const after = byId(await state(page));
  const heard = after.ws.delivered - before.ws.delivered;
  expect(after.poll.requests - before.poll.requests).toBeLessThan(heard / 2); // as many, when visible
  expect(after.ws.latency.n - before.ws.latency.n).toBeLessThanOrEqual(1);
  await page.bringToFront();
  await becomes(page, 'visible');
  await expect(page.getByTestId('ws-ladder').locator('rect.hidden')).toHaveCount(1);
  await expect.poll(async () => byId(await state(page)).ws.latency.n).toBeGreaterThan(after.ws.latency.n + 3);
  const { published, panes } = await finished(page);
  expect(panes.map(({ delivered, missed }) => [delivered, missed])).toEqual(PANES.map(() => [published, 0]));
});

test('a tab that was frozen goes on from its cursors', async ({ tabs, server }) => {
  const page = tabs.pages()[0] ?? (await tabs.newPage());
  await open(page, server);
  await say(page, 'before');
  await expect.poll(async () => (await state(page)).panes.map((own) => own.delivered)).toEqual([1, 1, 1]);
  await tabs.newPage();
  await becomes(page, 'hidden');
  const session = await tabs.newCDPSession(page);
  await session.send('Page.setWebLifecycleState', { state: 'frozen' });
  // The long poll is answered, and nobody asks again: so the tab is frozen.
  await server.publish({ body: 'meanwhile 1' });
  await expect.poll(async () => (await server.health()).waiting).toBeLessThan(2);
  for (let number = 2; number <= 5; number++) await server.publish({ body: `meanwhile ${number}` });
  expect((await state(page)).panes.map((own) => own.delivered)).toEqual([1, 1, 1]);
  await session.send('Page.setWebLifecycleState', { state: 'active' });
  await page.bringToFront();
  await becomes(page, 'visible');
  await listening(page);
  await expect
    .poll(async () => (await state(page)).panes.map(({ delivered, missed, shown }) => [delivered, missed, shown]))
    .toEqual(PANES.map(() => [6, 0, 6]));
});

/**
 * A way to the server on which sockets can die and stay open: nothing comes through any more,
 * and nobody is told.
 * @param {string} url of the server
 */
async function frailWay(url) {
  const { hostname, port } = new URL(url);
  /** @type {(() => void)[]} */
  const sockets = [];
  const way = createServer((near) => {
    const far = createConnection(Number(port), hostname);
    const ends = [near, far];
    let dead = false;
    for (const [index, end] of ends.entries()) {
      const other = ends[1 - index];
      end.on('data', (bytes) => dead || other?.write(bytes));
      end.on('error', () => end.destroy());
      end.on('close', () => dead || other?.destroy());
    }
    near.once('data', (bytes) => {
      if (bytes.toString().startsWith('GET /ws')) sockets.push(() => (dead = true));
    });
  });
  await once(way.listen(0, '127.0.0.1'), 'listening');
  const { port: own } = /** @type {import('node:net').AddressInfo} */ (way.address());
  return {
    url: `http://127.0.0.1:${own}`,
    /** All WebSockets that are open. */
    die: () => sockets.splice(0).map((end) => end()).length,
    close: () => way.close(),
  };
}

test('a WebSocket that is open and dead is replaced, and nothing is missed', async ({ page, server }) => {
  const way = await frailWay(server.url);
  await page.goto(way.url);
  await listening(page);
  await say(page, 'before');
  await expect(page.getByTestId('ws-delivered')).toHaveText('1');
  expect(way.die()).toBe(1);
  await server.publish({ body: 'meanwhile' });
  await expect(page.getByTestId('poll-delivered')).toHaveText('2');
  await expect(page.getByTestId('longpoll-delivered')).toHaveText('2');
  expect(byId(await state(page)).ws).toMatchObject({ state: 'open', delivered: 1, requests: 1 });
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange'))); // asks at once
  await expect.poll(async () => byId(await state(page)).ws).toMatchObject({
    state: 'open', delivered: 2, missed: 0, duplicate: 0, requests: 2,
  });
  way.close();
});

test('offline for a while, and all three are complete', async ({ context, page, server }) => {
  await open(page, server);
  await say(page, 'before');
  await expect.poll(async () => (await state(page)).panes.map((own) => own.delivered)).toEqual([1, 1, 1]);
  await context.setOffline(true);
  await expect.poll(async () => byId(await state(page)).poll.errors).toBeGreaterThan(1);
  await say(page, 'from in here');
  await server.publish({ body: 'from out there' });
  await context.setOffline(false);
  await expect
    .poll(async () => (await state(page)).panes.map(({ delivered, missed }) => [delivered, missed]))
    .toEqual(PANES.map(() => [3, 0]));
});

test.describe('plain HTTP on a network', () => {
  test.use({ host: '0.0.0.0' });

  test('is no secure context: the page says so, and works', async ({ page, server }) => {
    const [address] = Object.values(networkInterfaces())
      .flat()
      .flatMap((own) => (own && own.family === 'IPv4' && !own.internal ? [own.address] : []));
    test.skip(!address, 'this machine has no address besides its own loopback');
    await page.goto(`http://${address}:${new URL(server.url).port}`);
    expect(await page.evaluate(() => isSecureContext)).toBe(false);
    await expect(page.getByTestId('status')).toContainText('plain HTTP');
    await listening(page);
    await say(page, 'from the next room');
    for (const pane of PANES) {
      await expect(page.getByTestId(`${pane}-ticker`)).toContainText('from the next room');
      await expect(page.getByTestId(`${pane}-median`)).toHaveText(/^[\d.]+m?s$/);
    }
  });
});
