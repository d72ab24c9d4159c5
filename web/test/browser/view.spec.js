/** Pausing, replaying, exporting: views of one list, while the traffic goes on. */
import { readFile } from 'node:fs/promises';
import { byId, expect, open, say, state, test } from './trifold.js';

test('the marks stand where the list of events says', async ({ page, server }) => {
  await page.goto(`${server.url}/?preset=chat&seed=42&autorun=1`);
  await expect.poll(async () => byId(await state(page)).poll.answers, { timeout: 20_000 }).toBeGreaterThan(3);
  await expect.poll(async () => byId(await state(page)).poll.empty, { timeout: 20_000 }).toBeGreaterThan(0);
  const ladder = page.getByTestId('poll-ladder');
  await expect(ladder.locator('g.empty circle.ring').first()).toBeAttached();
  await expect(ladder.locator('g.news path.mark').first()).toBeAttached();
  await expect(page.getByTestId('longpoll-ladder').locator('line.held').first()).toBeAttached();
  const marks = await ladder.locator('g[data-at]').evaluateAll((all) =>
    all.map((own) => {
      const mark = /** @type {SVGGraphicsElement} */ (own.querySelector('.ring, .mark'));
      const box = mark.getBBox();
      const { at, messages } = /** @type {SVGElement} */ (own).dataset;
      return { at: Number(at), empty: Number(messages) === 0, ring: mark.classList.contains('ring'), x: box.x + box.width / 2 };
    }),
  );
  const [first, second] = marks;
  if (!first || !second) throw new Error('two marks at least');
  const scale = (second.x - first.x) / (second.at - first.at);
  for (const { at, empty, ring, x } of marks) {
    expect(ring).toBe(empty);
    expect(x - first.x).toBeCloseTo((at - first.at) * scale, 0);
  }
});

test('a pause is of the view only, and the page says so', async ({ page, server }) => {
  await open(page, server);
  await say(page, 'before the pause');
  await expect(page.getByTestId('ws-delivered')).toHaveText('1');
  await page.getByTestId('pane-ws').click({ position: { x: 5, y: 5 } });
  await page.keyboard.press('.');
  await expect(page.getByTestId('banner')).toContainText('Traffic goes on');
  await server.publish({ body: 'during the pause' });
  await expect.poll(async () => byId(await state(page)).ws.delivered).toBe(2);
  expect((await state(page)).paused).toBe(true);
  await expect(page.getByTestId('ws-delivered')).toHaveText('1');
  await page.keyboard.press('ArrowLeft');
  await expect.poll(async () => page.getByTestId('ws-delivered').textContent()).not.toBe('2');
  await page.keyboard.press('[');
  await page.keyboard.press('w');
  await expect(page.getByTestId('banner')).toContainText('Replay ¼×');
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('banner')).toBeHidden();
  await expect(page.getByTestId('ws-delivered')).toHaveText('2');
});

test('the export holds parameters, events and summary', async ({ page, server }) => {
  await open(page, server);
  await say(page, 'to be exported');
  await expect(page.getByTestId('poll-delivered')).toHaveText('1');
  await page.getByTestId('pane-ws').click({ position: { x: 5, y: 5 } });
  const downloads = /** @type {import('@playwright/test').Download[]} */ ([]);
  page.on('download', (download) => downloads.push(download));
  await page.keyboard.press('e');
  await expect.poll(() => downloads.length).toBe(2);
  const files = await Promise.all(downloads.map(async (own) => readFile(await own.path(), 'utf8')));
  const json = JSON.parse(files.find((own) => own.startsWith('{')) ?? '');
  expect(json.summary.panes).toHaveLength(3);
  expect(json.userAgent).toContain('Chrom');
  expect(json.events.filter((/** @type {any} */ own) => own.type === 'published')).toHaveLength(1);
  const csv = files.find((own) => own.startsWith('id,'))?.split('\r\n') ?? [];
  expect(csv.slice(1, 4).map((row) => row.split(',')[0])).toEqual(['poll', 'longpoll', 'ws']);
});

test('the code is the file that runs, and the line that fired is lit', async ({ page, server }) => {
  await open(page, server);
  await page.getByTestId('pane-ws').click({ position: { x: 5, y: 5 } });
  await page.keyboard.press('c');
  await expect(page.getByTestId('poll-code')).toContainText('setInterval(');
  await expect(page.getByTestId('longpoll-code')).toContainText("ask('/longpoll'");
  await expect(page.getByTestId('poll-code').locator('.fired')).toHaveCount(1);
  const source = await (await fetch(`${server.url}/transports/longpoll.js`)).text();
  const line = await page.getByTestId('longpoll-code').locator('code').nth(2).textContent();
  expect(source).toContain(line?.trim() ?? 'no line');
  await page.keyboard.press('c');
  await expect(page.getByTestId('ws-log')).toContainText('101 Switching Protocols');
});

test('keys are silent while something is typed, and when they are off', async ({ page, server }) => {
  await open(page, server);
  await page.getByTestId('chat').pressSequentially('3r?');
  await expect(page.getByTestId('chat')).toHaveValue('3r?');
  expect((await state(page)).preset).toBe(null);
  await page.getByTestId('help').click();
  await page.getByTestId('keys-on').uncheck();
  await page.keyboard.press('Escape');
  await page.keyboard.press('3');
  expect((await state(page)).preset).toBe(null);
});

test('steps: question, run, and the next question', async ({ page, server }) => {
  await page.goto(`${server.url}/?preset=idle`);
  await expect(page.getByTestId('lesson')).toContainText('Nobody says anything');
  await page.keyboard.press('PageDown');
  await expect.poll(async () => (await state(page)).running).toBe(true);
  await page.keyboard.press('PageDown');
  await expect.poll(async () => (await state(page)).preset).toBe('chat');
  expect((await state(page)).running).toBe(false);
  await page.keyboard.press('PageUp');
  await expect.poll(async () => (await state(page)).preset).toBe('idle');
});

test.describe('a server without a lab', () => {
  test.use({ flags: ['--no-lab'] });

  test('works, and claims nothing that it does not do', async ({ page, server }) => {
    await open(page, server);
    await say(page, 'hello');
    await expect(page.getByTestId('poll-delivered')).toHaveText('1');
    await expect(page.getByTestId('poll-up')).toHaveText('–');
    await page.getByTestId('preset-chat').click();
    await expect(page.getByTestId('injected')).toHaveText('injected: nothing, the lab is off');
    await expect.poll(async () => byId(await state(page)).poll.answers).toBeGreaterThan(0);
  });
});

test('one pane alone changes its technique and keeps its sequence', async ({ page, server }) => {
  await page.goto(`${server.url}/?panes=poll`);
  await expect(page.getByTestId('pane-poll')).toBeVisible();
  await expect(page.getByTestId('pane-ws')).toBeHidden();
  await expect.poll(async () => byId(await state(page)).poll.state).toBe('polling');
  for (const [index, technique] of ['ws', 'longpoll', 'chained'].entries()) {
    await page.getByTestId('poll-technique').selectOption(technique);
    await say(page, technique);
    await expect.poll(async () => byId(await state(page)).poll.delivered).toBe(index + 1);
  }
});
