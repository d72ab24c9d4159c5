/** The beats of a lesson: ask, run, explain, with a remote control's keys alone. */
import { byId, expect, startPreset, state, test, waitFinished } from './trifold.js';
import { bytes } from '../../model/format.js';
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
  await page.keyboard.press('PageUp'); // one press too many: the explanation again
  await expect.poll(async () => (await state(page)).preset).toBe('idle');
  await expectBeat(page, 'Explain');
  await expect(page.getByTestId('verdict')).toContainText(`Polling sent ${sent} requests`);
  await expect(page.getByTestId('poll-figure')).toHaveText(String(sent));
});

/** The panes without their bytes: the last meters arrive after the end of a run.
 * @param {Awaited<ReturnType<typeof state>>} current */
function withoutBytes({ panes }) {
  return JSON.parse(JSON.stringify(panes, (name, value) => (name === 'bytes' ? undefined : value)));
}

test('PageUp ends a run and explains it, and the run survives the next question', async ({ page, server }) => {
  await page.goto(`${server.url}/?preset=idle`);
  await page.getByTestId('longpoll-technique').evaluate((select) => {
    /** @type {HTMLSelectElement} */ (select).value = 'ws';
    select.dispatchEvent(new Event('change'));
  });
  await page.keyboard.press('PageDown');
  await expect.poll(() => requests(page)).toBeGreaterThan(2);
  await page.keyboard.press('PageUp');
  await expectBeat(page, 'Explain');
  const before = await state(page);
  expect(before.running).toBe(false);
  const verdict = page.getByTestId('verdict');
  await expect(verdict).toHaveText(`Requests sent. Polling, interval: ${byId(before).poll.requests}; WebSocket: 0; WebSocket: 0.`);
  await page.keyboard.press('PageDown');
  await expectBeat(page, 'Ask');
  await page.keyboard.press('PageUp');
  await expectBeat(page, 'Explain');
  const after = await state(page);
  expect(withoutBytes(after)).toEqual(withoutBytes(before));
  const up = bytes(Number(byId(after).poll.bytes.up));
  expect(up).toMatch(/^[\d.]+\skB$/);
  await expect(page.getByTestId('poll-up')).toHaveText(up);
  await expect(page.getByTestId('longpoll-technique')).toHaveValue('ws');
  await page.keyboard.press('PageUp'); // its replay
  await expectBeat(page, 'Run');
  await expect(page.getByTestId('banner')).toContainText('of the run, which has ended');
  const startOf = async () => byId(await state(page)).poll.segments[0]?.from ?? 0;
  const former = await startOf();
  await page.keyboard.press('Enter'); // another run of the lesson
  await expect.poll(startOf).toBeGreaterThan(former);
});

test('a run that is ended at once is too short, and a paused view returns to live first', async ({ page, server }) => {
  await page.goto(`${server.url}/?preset=chat`);
  await page.keyboard.press('.');
  await page.keyboard.press('w');
  await page.keyboard.press('ArrowLeft');
  expect((await state(page)).paused).toBe(false); // a question has nothing to pause
  await page.keyboard.press('PageDown');
  await expect.poll(() => requests(page)).toBeGreaterThan(0);
  await page.keyboard.press('.');
  await expect(page.getByTestId('banner')).toContainText(/Traffic continues\. Space or \. : live/);
  await page.keyboard.press('PageDown');
  await expect(page.getByTestId('banner')).toBeHidden();
  expect((await state(page)).running).toBe(true);
  await page.keyboard.press('.');
  await page.getByTestId('toggle').click(); // it ends while the view is paused
  await expectBeat(page, 'Explain');
  const verdict = page.getByTestId('verdict');
  await expect(verdict).toHaveText(/^Ended after \d\.\d\ss: too short to show it\. Enter runs it again\.$/);
  await expect(page.getByTestId('banner')).toHaveText(/^Paused: second \d\.\d of the run, which has ended\./);
  const next = page.getByTestId('next-hint');
  await expect(next).toHaveText(/^PageDown: back to live/);
  await page.keyboard.press('PageDown');
  await expect(next).toHaveText(/^PageDown: next lesson/);
  await expectBeat(page, 'Explain');
  await expect(verdict).toBeVisible();
  await page.keyboard.press('PageDown');
  await expect.poll(async () => (await state(page)).preset).toBe('order');
});

test('after the last lesson its explanation stays, and Decide is next', async ({ page, server }) => {
  await startPreset(page, server, 'lab');
  await waitFinished(page);
  await expectBeat(page, 'Explain');
  await expect(page.getByTestId('verdict')).toContainText('poll never runs');
  await page.keyboard.press('PageDown');
  await expectBeat(page, 'Explain');
  await expect(page.getByTestId('mistake-flood')).not.toHaveText('–');
  await page.getByTestId('next-hint').getByRole('link', { name: 'Decide' }).click();
  await expect(page).toHaveURL(/decide=1/);
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

/** Whether the content of one element is within another from left to right.
 * @param {import('@playwright/test').Page} page @param {string} inner @param {string} outer */
function isInside(page, inner, outer) {
  return page.evaluate(([first, second]) => {
    const [part, whole] = [document.querySelector(first ?? ''), document.querySelector(second ?? '')];
    if (!part || !whole) return false;
    const [box, space] = [part.getBoundingClientRect(), whole.getBoundingClientRect()];
    return box.left >= space.left - 1 && box.right <= space.right + 1 && part.scrollWidth <= part.clientWidth + 1;
  }, [inner, outer]);
}

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
  await expect(page.getByTestId('status')).toHaveText(/^Message 1: Polling, interval [\d.]+\sm?s, Long polling [\d.]+\sms, WebSocket [\d.]+\sms\.$/);
  await expect(page.getByTestId('truth').locator('line.selected')).toHaveAttribute('data-version', '1');
  await page.keyboard.press('ArrowRight');
  expect(/** @type {any} */ (await state(page)).selected.version).toBe(2);
  await expect(page.getByTestId('truth').locator('line.selected')).toHaveAttribute('data-version', '2'); // drawn
  const tick = await page.getByTestId('truth').locator('line[data-version="1"]').boundingBox();
  await page.mouse.move((tick?.x ?? 0) + 1, (tick?.y ?? 0) + 5);
  const followed = async () => (await state(page)).selected?.version ?? null;
  await expect.poll(followed).toBe(1); // pointer events arrive with the next frame
  await page.keyboard.press('Escape');
  await expect.poll(followed).toBe(null);
});

test('the labels of a followed message are within their drawings', async ({ page, server }) => {
  await page.setViewportSize({ width: 1366, height: 768 });
  await startPreset(page, server, 'chat');
  await expect.poll(async () => byId(await state(page)).poll.delivered, { timeout: 20_000 }).toBeGreaterThan(2);
  await page.keyboard.press('PageDown');
  await expectBeat(page, 'Explain');
  await page.keyboard.press('ArrowRight');
  for (const pane of ['poll', 'longpoll', 'ws']) {
    const ladder = `[data-testid="${pane}-ladder"]`;
    await expect.poll(() => isInside(page, `${ladder} .selection rect`, `${ladder} .window`)).toBe(true);
  }
  await expect.poll(() => isInside(page, '.selected-message', '.selected-message')).toBe(true);
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

test('every lesson has a question, its parameters, a figure and something to vote on', () => {
  for (const { question, setup, figure, choices, id } of presets) {
    expect([question, setup, figure].every((text) => text.length > 0), id).toBe(true);
    // The panes answer a question that asks for one of them; any other has choices of its own.
    expect(choices === undefined, id).toBe(/\bwhich (one|loop|pane)\b/i.test(question));
    expect(question.match(/\?/g), id).toHaveLength(1);
    if (choices) expect(new Set(choices).size, id).toBe(3);
  }
});

test('a lesson shows the messages of its own run only', async ({ page, server }) => {
  await server.publish({ sender: 'earlier', kind: 'chat', body: 'from before the run' });
  await startPreset(page, server, 'idle');
  await expect.poll(() => requests(page)).toBeGreaterThan(1);
  for (const pane of ['poll', 'longpoll', 'ws']) {
    await expect(page.getByTestId(`${pane}-position`)).toHaveText('nothing shown yet');
    await expect(page.getByTestId(`${pane}-ticker`)).toBeEmpty();
  }
  await expect(page.getByTestId('ws-median')).toHaveText('1 handshake · no message measured yet');
  await expect(page.getByTestId('pane-ws').locator('dt').first()).toHaveText('handshakes');
  await page.keyboard.press('o');
  await expect(page.getByTestId('ws-ticker')).toContainText('from before the run');
});
