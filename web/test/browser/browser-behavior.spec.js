/**
 * What browsers do: slow hidden tabs down, freeze them, open six connections to a host, and
 * report OPEN for a dead socket.
 */
import { once } from 'node:events';
import { createConnection, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { test, waitVisibility } from './real-browser.js';
import { PANES, byId, expect, expectComplete, open, sendChat, startPreset, state, waitFinished, waitSubscribed } from './trifold.js';

test('hidden: a hidden tab slows polling down, and nothing else', async ({ tabs, server }) => {
  const page = tabs.pages()[0] ?? (await tabs.newPage());
  await startPreset(page, server, 'hidden');
  await expect.poll(async () => byId(await state(page)).ws.latency.n).toBeGreaterThan(4);
  await tabs.newPage();
  await waitVisibility(page, 'hidden');
  const before = byId(await state(page));
  await expect.poll(async () => byId(await state(page)).ws.delivered).toBeGreaterThan(before.ws.delivered + 20);
  const after = byId(await state(page));
  const arrived = after.ws.delivered - before.ws.delivered;
  expect(after.poll.requests - before.poll.requests).toBeLessThan(arrived / 2); // as many, when visible
  expect(after.ws.latency.n - before.ws.latency.n).toBeLessThanOrEqual(1);
  await page.bringToFront();
  await waitVisibility(page, 'visible');
  await expect(page.getByTestId('ws-ladder').locator('rect.hidden')).toHaveCount(1);
  await expect.poll(async () => byId(await state(page)).ws.latency.n).toBeGreaterThan(after.ws.latency.n + 3);
  await expectComplete(page, (await waitFinished(page)).published);
});

test('a frozen tab continues from its cursors', async ({ tabs, server }) => {
  const page = tabs.pages()[0] ?? (await tabs.newPage());
  await open(page, server);
  await sendChat(page, 'before');
  await expectComplete(page, 1);
  await tabs.newPage();
  await waitVisibility(page, 'hidden');
  const session = await tabs.newCDPSession(page);
  await session.send('Page.setWebLifecycleState', { state: 'frozen' });
  // The long poll gets its response, and is not sent again: the tab is frozen.
  await server.publish({ body: 'meanwhile 1' });
  await expect.poll(async () => (await server.health()).waiters).toBeLessThan(2);
  for (let number = 2; number <= 5; number++) await server.publish({ body: `meanwhile ${number}` });
  expect((await state(page)).panes.map(({ delivered }) => delivered)).toEqual([1, 1, 1]);
  await session.send('Page.setWebLifecycleState', { state: 'active' });
  await page.bringToFront();
  await waitVisibility(page, 'visible');
  await waitSubscribed(page);
  await expect
    .poll(async () => (await state(page)).panes.map(({ delivered, missed, shown }) => [delivered, missed, shown]))
    .toEqual(PANES.map(() => [6, 0, 6]));
});

/**
 * A proxy whose WebSockets can die and stay open: it forwards nothing any more, and closes
 * nothing.
 * @param {string} url of the server
 */
async function startFlakyProxy(url) {
  const { hostname, port } = new URL(url);
  /** @type {(() => void)[]} */
  const sockets = [];
  const proxy = createServer((client) => {
    const upstream = createConnection(Number(port), hostname);
    const ends = [client, upstream];
    let dead = false;
    for (const [index, end] of ends.entries()) {
      const other = ends[1 - index];
      end.on('data', (bytes) => dead || other?.write(bytes));
      end.on('error', () => end.destroy());
      end.on('close', () => dead || other?.destroy());
    }
    client.once('data', (bytes) => {
      if (bytes.toString().startsWith('GET /ws')) sockets.push(() => (dead = true));
    });
  });
  await once(proxy.listen(0, '127.0.0.1'), 'listening');
  const { port: proxyPort } = /** @type {import('node:net').AddressInfo} */ (proxy.address());
  return {
    url: `http://127.0.0.1:${proxyPort}`,
    /** Kills all open WebSockets. */
    killSockets: () => sockets.splice(0).map((end) => end()).length,
    close: () => proxy.close(),
  };
}

test('a dead WebSocket is replaced, and no message is missed', async ({ page, server }) => {
  const proxy = await startFlakyProxy(server.url);
  await page.goto(proxy.url);
  await waitSubscribed(page);
  await sendChat(page, 'before');
  await expect(page.getByTestId('ws-delivered')).toHaveText('1');
  expect(proxy.killSockets()).toBe(1);
  await server.publish({ body: 'meanwhile' });
  await expect(page.getByTestId('poll-delivered')).toHaveText('2');
  await expect(page.getByTestId('longpoll-delivered')).toHaveText('2');
  expect(byId(await state(page)).ws).toMatchObject({ state: 'open', delivered: 1, requests: 1 });
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange'))); // sends a ping at once
  await expect.poll(async () => byId(await state(page)).ws).toMatchObject({
    state: 'open', delivered: 2, missed: 0, duplicate: 0, requests: 2,
  });
  proxy.close();
});

test('after ten seconds offline all three panes are complete', async ({ context, page, server }) => {
  await open(page, server);
  await sendChat(page, 'before');
  await expectComplete(page, 1);
  await context.setOffline(true);
  await sendChat(page, 'from this page');
  await server.publish({ body: 'from another client' });
  // The naive loop sends a request per second, so its errors are the seconds offline.
  await expect.poll(async () => byId(await state(page)).poll.errors).toBeGreaterThanOrEqual(10);
  await server.publish({ body: 'ten seconds later' });
  await context.setOffline(false);
  await expectComplete(page, 4);
});

test.describe('plain HTTP in a network', () => {
  test.use({ host: '0.0.0.0' });

  test('is no secure context: the page reports it, and works', async ({ page, server }) => {
    const [address] = Object.values(networkInterfaces())
      .flat()
      .flatMap((entry) => (entry?.family === 'IPv4' && !entry.internal ? [entry.address] : []));
    test.skip(!address, 'this machine has only loopback addresses');
    await page.goto(`http://${address}:${new URL(server.url).port}`);
    expect(await page.evaluate(() => isSecureContext)).toBe(false);
    await expect(page.getByTestId('status')).toContainText('plain HTTP');
    await waitSubscribed(page);
    await sendChat(page, 'over plain HTTP');
    for (const pane of PANES) {
      await expect(page.getByTestId(`${pane}-ticker`)).toContainText('over plain HTTP');
      await expect(page.getByTestId(`${pane}-figure`)).toHaveText(/^[\d.\u202f]+m?s$/);
    }
  });
});
