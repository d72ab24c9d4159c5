/**
 * What browsers do on their own: they slow hidden tabs down, freeze them, keep six connections
 * to a host, and say OPEN of a socket that is dead.
 */
import { once } from 'node:events';
import { createConnection, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { becomes, test } from './real-browser.js';
import { PANES, begin, byId, complete, expect, finished, listening, open, say, state } from './trifold.js';

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
  await complete(page, (await finished(page)).published);
});

test('a tab that was frozen goes on from its cursors', async ({ tabs, server }) => {
  const page = tabs.pages()[0] ?? (await tabs.newPage());
  await open(page, server);
  await say(page, 'before');
  await complete(page, 1);
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

test('offline for ten seconds, and all three are complete', async ({ context, page, server }) => {
  await open(page, server);
  await say(page, 'before');
  await complete(page, 1);
  await context.setOffline(true);
  await say(page, 'from in here');
  await server.publish({ body: 'from out there' });
  // The naive loop asks once a second, so it says how long it has been in vain.
  await expect.poll(async () => byId(await state(page)).poll.errors).toBeGreaterThanOrEqual(10);
  await server.publish({ body: 'ten seconds later' });
  await context.setOffline(false);
  await complete(page, 4);
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
