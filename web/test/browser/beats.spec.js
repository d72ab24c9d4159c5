/** The beats of a lesson: ask, run, explain, with a remote control's keys alone. */
import { byId, expect, startPreset, state, test, waitFinished } from './trifold.js';
import { presets } from '../../model/presets.js';

/** @param {import('@playwright/test').Page} page */
const beat = (page) => page.getByTestId('beat').locator('[aria-current]').textContent();

/** @param {import('@playwright/test').Page} page @param {string} name */
const expectBeat = (page, name) => expect.poll(() => beat(page)).toBe(name);

/** @param {import('@playwright/test').Page} page */
const requests = async (page) => byId(await state(page)).poll.requests;

test('PageDown asks, runs, explains and asks the next question; PageUp goes back', async ({ page, server }) => {
  await page.goto(`${server.url}/?preset=idle`);
  const ask = page.getByTestId('ask');
  await expect(ask).toContainText('No messages for 20 seconds');
  await expect(page.getByTestId('pane-poll')).toBeHidden();
  await expectBeat(page, 'Ask');
  await page.keyboard.press('PageDown');
  await expect(ask).toBeHidden();
  await expect(page.getByTestId('lesson')).toContainText('No messages for 20 seconds');
  await expectBeat(page, 'Run');
  await page.keyboard.press('PageDown'); // at once: ignored
  await expect.poll(() => requests(page)).toBeGreaterThan(2);
  expect((await state(page)).running).toBe(true);
  await page.keyboard.press('PageDown');
  await expectBeat(page, 'Explain');
  const sent = await requests(page);
  await expect(page.getByTestId('verdict')).toContainText(`Polling sent ${sent} requests`);
  await expect(page.getByTestId('poll-figure')).toHaveText(String(sent));

  await page.keyboard.press('PageUp'); // a replay of the same run
  await expectBeat(page, 'Run');
  await page.keyboard.press('PageUp');
  await expectBeat(page, 'Ask');
  await page.keyboard.press('PageDown');
  await page.keyboard.press('PageDown');
  await expectBeat(page, 'Explain');
  expect(await requests(page)).toBe(sent);

  await page.keyboard.press('PageDown');
  await expectBeat(page, 'Ask');
  expect((await state(page)).preset).toBe('chat');
  await page.keyboard.press('PageUp');
  await expect.poll(async () => (await state(page)).preset).toBe('idle');
  await expectBeat(page, 'Ask');
});

test('page keys work in a field, and Escape leaves it', async ({ page, server }) => {
  await page.goto(server.url);
  await page.getByTestId('chat').focus();
  await page.keyboard.press('1');
  await expect(page.getByTestId('chat')).toHaveValue('1');
  await page.keyboard.press('Escape');
  await page.keyboard.press('2');
  await expect.poll(async () => (await state(page)).preset).toBe('chat');
  await page.keyboard.press('o');
  await page.getByTestId('poll-technique').focus();
  await page.keyboard.press('PageDown');
  await expect.poll(async () => (await state(page)).preset).toBe('idle');
  await page.keyboard.press('PageUp');
  await expect.poll(async () => (await state(page)).preset).toBe(null);
  await page.getByTestId('talks').focus();
  await page.keyboard.press('PageDown');
  await expect(page.getByTestId('talks')).toBeFocused();
  expect((await state(page)).preset).toBe(null);
});

test('the question is asked without numbers that give the answer away', async ({ page, server }) => {
  await page.goto(`${server.url}/?preset=typing`);
  await expect(page.getByTestId('ask')).toContainText('does long polling still save requests?');
  for (const letter of ['A', 'B', 'C']) await expect(page.getByTestId('ask')).toContainText(letter);
  await expect(page.getByTestId('ecdf')).toBeHidden();
  await page.keyboard.press('PageDown');
  await expect.poll(async () => byId(await state(page)).ws.delivered).toBeGreaterThan(5);
  await expect(page.getByTestId('ecdf').locator('.model')).toHaveCount(0);
});

test('V after a run runs the next variant, and compares', async ({ page, server }) => {
  await startPreset(page, server, 'order');
  await expect.poll(async () => byId(await state(page)).poll.stale, { timeout: 20_000 }).toBeGreaterThan(1);
  await page.keyboard.press('PageDown');
  await expectBeat(page, 'Explain');
  const before = byId(await state(page)).poll;
  await page.keyboard.press('v');
  await expectBeat(page, 'Run');
  await expect(page.getByTestId('segment-row')).toHaveText(/Polling, interval, kept/);
  await expect.poll(async () => byId(await state(page)).poll.delivered, { timeout: 20_000 }).toBeGreaterThan(10);
  await page.keyboard.press('PageDown');
  await expectBeat(page, 'Explain');
  await expect(page.getByTestId('run-comparison')).toContainText(
    `${before.stale} before (■ Polling, interval), ${byId(await state(page)).poll.stale} now (■ Polling, interval + guard)`,
  );
});

test('K keeps a run for another lesson', async ({ page, server }) => {
  await startPreset(page, server, 'chat');
  await expect.poll(async () => byId(await state(page)).poll.delivered, { timeout: 20_000 }).toBeGreaterThan(0);
  await page.keyboard.press('k');
  await expect(page.getByTestId('segment-row')).toHaveCount(3);
  await page.keyboard.press('3');
  await expect(page.getByTestId('segment-row').first()).toContainText('kept, Chat');
  await page.getByTestId('reset').click();
  await expect(page.getByTestId('segment-row')).toHaveCount(0);
});

test('the explained ladder shows the whole run', async ({ page, server }) => {
  await page.setViewportSize({ width: 1920, height: 1080 });
  await startPreset(page, server, 'board');
  await waitFinished(page);
  await expectBeat(page, 'Explain');
  for (const pane of ['poll', 'longpoll', 'ws']) {
    const ladder = page.getByTestId(`${pane}-ladder`);
    await expect(ladder.locator('.axis-label').first()).toHaveText('0\u00a0s');
    await expect(ladder.locator('.axis-label').last()).toHaveText('20\u00a0s');
    const inView = await ladder.evaluate((element) => {
      const { left, right } = element.querySelector('.window')?.getBoundingClientRect() ?? { left: 0, right: 0 };
      return [...element.querySelectorAll('g[data-at]')].map((mark) => {
        const box = mark.getBoundingClientRect();
        return box.left >= left - 3 && box.right <= right + 3;
      });
    });
    expect(inView.length, pane).toBeGreaterThanOrEqual(3);
    expect(inView.every(Boolean), pane).toBe(true);
  }
});

test('a message is followed through all panes', async ({ page, server }) => {
  await page.setViewportSize({ width: 1920, height: 1080 });
  await startPreset(page, server, 'chat');
  await expect.poll(async () => byId(await state(page)).poll.delivered, { timeout: 20_000 }).toBeGreaterThan(2);
  await page.keyboard.press('PageDown');
  await expectBeat(page, 'Explain');
  await page.keyboard.press('ArrowRight');
  const { selected } = /** @type {any} */ (await state(page));
  expect(selected.version).toBe(1);
  for (const pane of ['poll', 'longpoll', 'ws']) {
    expect(selected.latencies[pane]).toBeGreaterThan(90);
    await expect(page.getByTestId(`${pane}-ladder`).locator('.selection text')).toContainText('#1: ');
  }
  await expect(page.getByTestId('selected-message')).toHaveText(/^#1: [\d.]+\sm?s · [\d.]+\sms · [\d.]+\sms$/);
  await expect(page.getByTestId('truth').locator('line.selected')).toHaveAttribute('data-version', '1');
  await page.keyboard.press('ArrowRight');
  expect(/** @type {any} */ (await state(page)).selected.version).toBe(2);
  const tick = await page.getByTestId('truth').locator('line[data-version="1"]').boundingBox();
  await page.mouse.move((tick?.x ?? 0) + 1, (tick?.y ?? 0) + 5);
  const followed = async () => (await state(page)).selected?.version ?? null;
  await expect.poll(followed).toBe(1); // pointer events arrive with the next frame
  await page.keyboard.press('Escape');
  await expect.poll(followed).toBe(null);
});

test('in Six the drawing agrees with the meter: nothing left the browser', async ({ page, server }) => {
  await startPreset(page, server, 'six');
  const ladder = page.getByTestId('poll-ladder');
  await expect.poll(() => ladder.locator('.pending .queued').count(), { timeout: 20_000 }).toBeGreaterThan(5);
  const { poll, longpoll } = byId(await state(page));
  expect(poll.requests).toBeGreaterThan(5);
  expect(poll.bytes.up).toBe(0);
  expect(poll.state).toBe('queued');
  await expect(ladder.locator('.pending :is(.request, .waiting)')).toHaveCount(0);
  expect(longpoll.requests).toBeGreaterThan(0);
});

test('every lesson has a question, its parameters and a figure', () => {
  for (const { question, setup, figure, id } of presets) {
    expect([question, setup, figure].every((text) => text.length > 0), id).toBe(true);
  }
});
