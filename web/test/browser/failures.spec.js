/** What goes wrong is mended, and what was lost is said. */
import { PANES, begin, byId, expect, listening, open, say, state, test } from './trifold.js';

test('a server that is restarted is found again, and what was said meanwhile is sent', async ({
  page,
  server,
}) => {
  await open(page, server);
  await say(page, 'before');
  await expect(page.getByTestId('poll-ticker')).toContainText('before');
  await server.stop();
  await expect(page.getByTestId('ws-state')).toHaveText('no connection, trying');
  for (const pane of PANES) await expect(page.getByTestId(`${pane}-up`)).toHaveText('–');
  await say(page, 'while nobody listens');
  await server.start();
  await listening(page);
  for (const pane of PANES) {
    await expect(page.getByTestId(`${pane}-ticker`)).toContainText('the log began anew');
    await expect(page.getByTestId(`${pane}-ticker`)).toContainText('while nobody listens');
    await expect(page.getByTestId(`${pane}-gaps`)).toHaveText('1');
  }
  expect((await server.health()).head).toBe(1);
  // What the old server counted is lost.
  for (const pane of PANES) await expect(page.getByTestId(`${pane}-up`)).toHaveText('–');
});

test.describe('a log that keeps little', () => {
  test.use({ flags: ['--retain-messages', '5'] });

  test('a pane that was away too long says how much it missed', async ({ page, server }) => {
    await open(page, server);
    await page.getByTestId('toggle').click();
    for (let number = 1; number <= 12; number++) await server.publish({ body: number });
    await page.getByTestId('toggle').click();
    for (const [index, pane] of PANES.entries()) {
      await expect(page.getByTestId(`${pane}-ticker`)).toContainText('7 messages were no longer kept');
      await expect
        .poll(async () => {
          const { delivered, missed, gaps } = (await state(page)).panes[index] ?? {};
          return { delivered, missed, gaps };
        })
        .toEqual({ delivered: 5, missed: 7, gaps: 1 });
    }
  });
});

test('stop stops, start goes on where it was, reset is zero', async ({ page, server }) => {
  await open(page, server);
  await say(page, 'one');
  await expect.poll(async () => (await state(page)).panes.map((own) => own.delivered)).toEqual([1, 1, 1]);
  await page.getByTestId('toggle').click();
  await expect.poll(async () => (await server.health()).waiting).toBe(0);
  await server.publish({ body: 'two' });
  await page.getByTestId('toggle').click();
  await expect.poll(async () => (await state(page)).panes.map((own) => own.delivered)).toEqual([2, 2, 2]);

  await page.getByTestId('reset').click();
  const { running, published, panes } = await state(page);
  expect({ running, published }).toEqual({ running: false, published: 0 });
  for (const { technique: _, id: __, state: own, latency, bytes: ___, ...figures } of panes) {
    expect(own).toBe('stopped');
    expect(latency.n).toBe(0);
    expect(Object.values(figures)).toEqual(Object.values(figures).map(() => 0));
  }
  await expect.poll(async () => (await server.health()).waiting).toBe(0);
});

test('bytes that are asked for while the meters begin anew are counted', async ({ page, server }) => {
  await page.routeWebSocket(/\/lab/, (own) => {
    const far = own.connectToServer();
    let line = Promise.resolve();
    own.onMessage((said) => {
      const isReset = String(said).includes('"reset"');
      line = line.then(() => new Promise((go) => setTimeout(go, isReset ? 1000 : 0))).then(() => far.send(said));
    });
  });
  await begin(page, server, 'idle');
  await expect.poll(async () => byId(await state(page)).poll.answers).toBeGreaterThan(1);
  await expect.poll(async () => (await state(page)).panes.map(({ bytes: { up } }) => (up ?? 0) > 0)).toEqual([true, true, true]);
  expect(byId(await state(page)).longpoll).toMatchObject({ requests: 1, answers: 0 });
});

test('a run does not wait for meters for ever, and claims no bytes that were not counted', async ({ page, server }) => {
  let answered = 0;
  let release = () => {};
  const held = new Promise((go) => (release = () => go(null)));
  await page.routeWebSocket(/\/lab/, (own) => {
    const far = own.connectToServer();
    let line = Promise.resolve();
    own.onMessage((said) => {
      const isReset = String(said).includes('"reset"');
      line = line.then(async () => (isReset ? void (await held) : undefined)).then(() => far.send(said));
    });
    far.onMessage((said) => {
      own.send(said);
      if (String(said).includes('"reset"')) answered += 1;
    });
  });
  await begin(page, server, 'idle');
  await expect.poll(async () => byId(await state(page)).poll.answers).toBeGreaterThan(1);
  release();
  await expect.poll(() => answered).toBeGreaterThan(0);
  const { answers } = byId(await state(page)).poll;
  await expect.poll(async () => byId(await state(page)).poll.answers).toBeGreaterThan(answers + 1); // meters were told since
  for (const { bytes } of (await state(page)).panes) expect(bytes).toEqual({ up: null, down: null });
});

test('where no WebSocket gets through, the others work, and nobody claims to know bytes', async ({ page, server }) => {
  await page.routeWebSocket(/./, (own) => own.close());
  await page.goto(server.url);
  await expect.poll(async () => (await state(page)).panes.map((own) => own.state)).toEqual(['polling', 'held', 'retrying']);
  await say(page, 'through here');
  for (const pane of ['poll', 'longpoll']) await expect(page.getByTestId(`${pane}-delivered`)).toHaveText('1');
  await expect(page.getByTestId('ws-delivered')).toHaveText('0');
  for (const pane of PANES) await expect(page.getByTestId(`${pane}-up`)).toHaveText('–');
  await page.getByTestId('preset-outage').click();
  await expect(page.getByTestId('injected')).toHaveText('injected: nothing, no WebSocket gets through');
  await page.keyboard.press('x');
  await expect(page.getByTestId('status')).toContainText('No outage');
});

test('a control channel that no longer answers is replaced', async ({ page, server }) => {
  await page.clock.install();
  let channels = 0;
  let silent = false;
  let unheard = 0;
  await page.routeWebSocket(/\/lab/, (own) => {
    const isFirst = ++channels === 1;
    const far = own.connectToServer();
    own.onMessage((said) => (isFirst && silent ? ++unheard : far.send(said)));
  });
  await open(page, server);
  silent = true;
  await say(page, 'is anybody there?');
  await expect.poll(() => unheard).toBeGreaterThan(0);
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
    await say(page, text);
    await server.publish({ sender: text.slice(0, 64), kind: 'text', body: text });
    for (const pane of PANES) {
      await expect(page.getByTestId(`${pane}-mirror`)).toHaveText(text);
      await expect(page.getByTestId(`${pane}-ticker`)).toContainText(text);
    }
  }
  await server.publish({ body: { not: ['a', 'string', null] } });
  await expect(page.getByTestId('ws-ticker')).toContainText('{"not":["a","string",null]}');
  expect(await page.title()).toBe(title);
  expect(await page.locator('.ticker img, .mirror img, .ticker script').count()).toBe(0);
});

test('64 KiB are too many and said so, 60 KiB arrive and break nothing', async ({
  page,
  server,
}) => {
  await open(page, server);
  const longest = 'x'.repeat(60 * 1024);
  await say(page, longest);
  await expect.poll(async () => (await state(page)).panes.map((own) => own.delivered)).toEqual([1, 1, 1]);
  const tooLong = 'y'.repeat(64 * 1024);
  await say(page, tooLong);
  await expect(page.getByTestId('outcome')).toHaveText(/Not sent: .*65536 bytes/);
  await expect(page.getByTestId('chat')).toHaveValue(tooLong);
  await page.getByTestId('talks').fill(longest);
  await expect(page.getByTestId('ws-mirror')).toHaveText(longest);
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth > document.documentElement.clientWidth,
  );
  expect(overflow).toBe(false);
});
