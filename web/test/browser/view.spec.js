/** Pausing, replaying, exporting: views of one list, while the traffic goes on. */
import { readFile } from 'node:fs/promises';
import { PANES, begin, byId, expect, open, say, state, test } from './trifold.js';

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
  const [first, last] = [marks[0], marks.at(-1)];
  if (!first || !last) throw new Error('marks are there');
  expect(marks.length).toBeGreaterThan(2);
  const scale = (last.x - first.x) / (last.at - first.at);
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

test('after a run its end stays in sight, however late one looks', async ({ page, server }) => {
  await page.clock.install();
  /** @type {(() => void) | null} */
  let close = null;
  await page.routeWebSocket(/\/ws/, (own) => {
    const far = own.connectToServer();
    far.onClose(() => {}); // its answer does not come through
    own.onClose((code = 1000, reason) => {
      far.close({ code, reason });
      close = () => own.close({ code, reason });
    });
  });
  await open(page, server);
  await say(page, 'the last word');
  await expect(page.getByTestId('poll-delivered')).toHaveText('1');
  await page.getByTestId('pane-ws').click({ position: { x: 5, y: 5 } });
  await page.clock.fastForward(3000); // room for a label
  await page.keyboard.press('Enter');
  await expect.poll(async () => (await state(page)).running).toBe(false);
  await page.clock.fastForward(4000); // a close may take its time
  const label = page.getByTestId('ws-ladder').getByText('close 1000');
  await expect.poll(() => close).not.toBe(null);
  await expect(label).not.toBeAttached();
  /** @type {() => void} */ (/** @type {unknown} */ (close))();
  await expect(label).toBeAttached();
  await page.clock.fastForward(5 * 60_000);
  await page.keyboard.press('v'); // neither another variant nor a line moves it on
  await say(page, 'long after');
  await expect.poll(async () => (await server.health()).head).toBe(2);
  await page.getByTestId('pane-ws').click({ position: { x: 5, y: 5 } });
  await page.keyboard.press('l'); // all is drawn anew
  const ladder = page.getByTestId('ws-ladder').locator('.window');
  await expect
    .poll(async () => {
      const [text, room] = [await label.boundingBox(), await ladder.boundingBox()];
      return text && room && text.x > room.x && text.x + text.width <= room.x + room.width;
    })
    .toBe(true);
  const held = page.getByTestId('longpoll-ladder').locator('g.cancelled .held');
  await expect(held).toBeAttached(); // until the end, though it got no answer
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  await page.keyboard.press('w');
  await expect(page.getByTestId('banner')).toContainText('Replay');
  await expect(page.getByTestId('ws-ladder').locator('g.news')).toHaveCount(1);
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

for (const viewport of [
  { width: 1920, height: 1080 },
  { width: 1366, height: 768 },
]) {
  test(`the projector shows the distribution where it is the lesson, ${viewport.width} wide`, async ({ page, server }) => {
    await page.setViewportSize(viewport);
    await begin(page, server, 'chat');
    await page.keyboard.press('l');
    await expect.poll(async () => byId(await state(page)).poll.delivered).toBeGreaterThan(0);
    const drawing = page.getByTestId('ecdf');
    await expect(drawing).toBeInViewport({ ratio: 1 });
    await expect(page.getByTestId('lesson')).toBeInViewport({ ratio: 1 });
    for (const pane of PANES) await expect(page.getByTestId(`${pane}-missed`)).toBeInViewport({ ratio: 1 });
    await expect(drawing.locator('text[data-family]')).toHaveCount(3);
    const least = (24 * viewport.width) / 1920 - 0.1;
    const texts = await drawing.evaluate((own) => {
      const ground = own.getBoundingClientRect();
      return [...own.querySelectorAll('text')].map((text) => {
        const { left, right, top, bottom } = text.getBoundingClientRect();
        const isInside = left >= ground.left - 1 && right <= ground.right + 1 && top >= ground.top - 1 && bottom <= ground.bottom + 1;
        return { size: parseFloat(getComputedStyle(text).fontSize), isInside };
      });
    });
    expect(texts.every(({ size, isInside }) => size >= least && isInside)).toBe(true);
    expect(await page.evaluate(scrolls)).toBe(false);
    await page.keyboard.press('3');
    await expect(drawing).toBeHidden();
  });
}

test('the words of a stale answer stand on a ground of their own', async ({ page, server }) => {
  await begin(page, server, 'order');
  await expect.poll(async () => byId(await state(page)).poll.stale, { timeout: 20_000 }).toBeGreaterThan(2);
  await page.keyboard.press('.');
  const drawn = page.getByTestId('poll-ladder').locator('g.stale');
  await expect.poll(() => drawn.count()).toBeGreaterThan(1);
  const stale = await drawn.evaluateAll((all) =>
    all.map((own) => {
      const [ground, words] = ['.ground', 'text'].map((part) => {
        const { x, y, width, height } = /** @type {SVGGraphicsElement} */ (own.querySelector(part)).getBBox();
        return { left: x, top: y, right: x + width, bottom: y + height };
      });
      return { ground, words, isOnTop: own.parentElement?.nextElementSibling === null };
    }),
  );
  for (const { ground, words, isOnTop } of stale) {
    if (!ground || !words) throw new Error('both are there');
    expect(isOnTop).toBe(true);
    expect(ground.left).toBeLessThan(words.left);
    expect(ground.right).toBeGreaterThan(words.right);
    expect(ground.top).toBeLessThan(words.bottom);
    expect(ground.bottom).toBeGreaterThanOrEqual(words.bottom - 1);
  }
  expect(overlapping(stale.flatMap(({ ground }) => ground ?? []))).toBe(0);
});

test('ten messages a second: each has its mark, and no label touches another', async ({ page, server }) => {
  await begin(page, server, 'typing');
  await expect.poll(async () => byId(await state(page)).ws.delivered, { timeout: 20_000 }).toBeGreaterThan(60);
  await page.keyboard.press('.');
  const drawn = () =>
    page.getByTestId('ws-ladder').locator('g.news').evaluateAll((all) =>
      all.map((own) => {
        const { version, messages } = /** @type {SVGElement} */ (own).dataset;
        return { version: Number(version), before: Number(version) - Number(messages) };
      }),
    );
  const newest = async () => String((await drawn()).at(-1)?.version);
  await expect.poll(async () => (await newest()) === (await page.getByTestId('ws-delivered').textContent())).toBe(true);
  const all = await drawn();
  expect(all.length).toBeGreaterThan(10);
  for (const [index, { version }] of all.slice(0, -1).entries()) expect(all[index + 1]?.before).toBe(version);
  for (const [place, marks] of [['ws-ladder', 'g.news'], ['longpoll-ladder', 'g.news'], ['truth', '.moving line']]) {
    const drawing = page.getByTestId(String(place));
    const labels = await drawing.locator('.moving text').evaluateAll((all) =>
      all.map((own) => {
        const { left, right, top, bottom } = own.getBoundingClientRect();
        return { left, right, top, bottom };
      }),
    );
    expect(labels.length, place).toBeGreaterThan(4);
    expect(overlapping(labels), place).toBe(0);
    expect(await drawing.locator(String(marks)).count(), place).toBeGreaterThan(labels.length);
  }
  expect(await page.evaluate(scrolls)).toBe(false); // what is injected takes three lines up there
});

test('the longest state covers nothing, on each screen, projected or not', async ({ page, server }) => {
  await begin(page, server, 'outage');
  await expect(page.getByTestId('poll-state')).toHaveText(/^\d+ in flight ⚠ 6 at a time$/, { timeout: 20_000 });
  await page.keyboard.press('.'); // paused, the state is 'paused': its words are put back below
  for (const [width, height] of [[1920, 1080], [1366, 768], [390, 844]]) {
    await page.setViewportSize({ width: width ?? 0, height: height ?? 0 });
    for (const projector of [true, false]) {
      await page.keyboard.press('l');
      await expect(page.locator(projector ? 'html[data-projector]' : 'html:not([data-projector])')).toBeAttached();
      const boxes = await page.getByTestId('pane-poll').evaluate((pane) => {
        const pill = pane.querySelector('.pill');
        if (pill) pill.textContent = '13 in flight ⚠ 6 at a time';
        return [...pane.querySelectorAll('.pill, h2, select, .every input, .figures b, .figures .about')]
          .map((own) => own.getBoundingClientRect())
          .filter((box) => box.width > 0)
          .map(({ left, right, top, bottom }) => ({ left, right, top, bottom }));
      });
      expect(boxes.length).toBeGreaterThan(4);
      expect(overlapping(boxes), `${width} wide, ${projector ? '' : 'not '}projected`).toBe(0);
    }
  }
});

/** Runs in the page. */
function scrolls() {
  return document.documentElement.scrollHeight > document.documentElement.clientHeight;
}

/** How many boxes lie on another one.
 * @param {{ left: number, right: number, top: number, bottom: number }[]} boxes */
function overlapping(boxes) {
  return boxes.filter((one, index) =>
    boxes.slice(index + 1).some(
      (other) =>
        one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom,
    ),
  ).length;
}
