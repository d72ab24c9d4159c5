/** Pausing, replaying and exporting are views of one list of events. */
import { readFile } from 'node:fs/promises';
import { PANES, byId, expect, open, sendChat, startPreset, state, test } from './trifold.js';

test('the marks are at the times of their events', async ({ page, server }) => {
  await page.goto(`${server.url}/?preset=chat&seed=42&autorun=1`);
  await expect.poll(async () => byId(await state(page)).poll.answers, { timeout: 20_000 }).toBeGreaterThan(3);
  await page.keyboard.press('PageDown'); // the whole run
  await expect.poll(async () => byId(await state(page)).poll.empty, { timeout: 20_000 }).toBeGreaterThan(0);
  const ladder = page.getByTestId('poll-ladder');
  await expect(ladder.locator('g.empty circle.ring').first()).toBeAttached();
  await expect(ladder.locator('g.data path.mark').first()).toBeAttached();
  await expect(page.getByTestId('longpoll-ladder').locator('line.held').first()).toBeAttached();
  const marks = await ladder.locator('g[data-at]').evaluateAll((all) =>
    all.map((group) => {
      const mark = /** @type {SVGGraphicsElement} */ (group.querySelector('.ring, .mark'));
      const box = mark.getBBox();
      const { at, messages } = /** @type {SVGElement} */ (group).dataset;
      return { at: Number(at), empty: Number(messages) === 0, ring: mark.classList.contains('ring'), x: box.x + box.width / 2 };
    }),
  );
  const [first, last] = [marks[0], marks.at(-1)];
  if (!first || !last) throw new Error('expected marks');
  expect(marks.length).toBeGreaterThan(2);
  const scale = (last.x - first.x) / (last.at - first.at);
  for (const { at, empty, ring, x } of marks) {
    expect(ring).toBe(empty);
    expect(x - first.x).toBeCloseTo((at - first.at) * scale, 0);
  }
});

test('a pause stops the view, and not the traffic', async ({ page, server }) => {
  await open(page, server);
  await sendChat(page, 'before the pause');
  await expect(page.getByTestId('ws-delivered')).toHaveText('1');
  await page.getByTestId('pane-ws').click({ position: { x: 5, y: 5 } });
  await page.keyboard.press('.');
  await expect(page.getByTestId('banner')).toContainText('Traffic continues');
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

test('a paused page shows the state at that moment', async ({ page, server }) => {
  await open(page, server);
  await page.getByTestId('pane-ws').click({ position: { x: 5, y: 5 } });
  await page.keyboard.press('.');
  await page.keyboard.press('Enter');
  await expect.poll(async () => (await state(page)).panes.map((pane) => pane.state)).toEqual(['stopped', 'stopped', 'stopped']);
  await expect(page.getByTestId('poll-state')).toHaveText('polling');
  await expect(page.getByTestId('longpoll-state')).toHaveText(/^held \d+\ss$/);
  await expect(page.getByTestId('ws-state')).toHaveText('open');
  await page.keyboard.press('Escape');
  for (const pane of PANES) await expect(page.getByTestId(`${pane}-state`)).toHaveText('stopped');
});

/** Holds the close frames of the server. @param {import('@playwright/test').Page} page */
async function holdCloseFrames(page) {
  /** @type {(() => void)[]} */
  const held = [];
  await page.routeWebSocket(/\/ws/, (socket) => {
    const upstream = socket.connectToServer();
    upstream.onClose(() => {});
    socket.onClose((code = 1000, reason) => {
      upstream.close({ code, reason });
      held.push(() => socket.close({ code, reason }));
    });
  });
  return held;
}

test('after a run its end stays visible', async ({ page, server }) => {
  await page.clock.install();
  const held = await holdCloseFrames(page);
  await open(page, server);
  await sendChat(page, 'the last message');
  await expect(page.getByTestId('poll-delivered')).toHaveText('1');
  await page.getByTestId('pane-ws').click({ position: { x: 5, y: 5 } });
  await page.clock.fastForward(3000); // space for a label
  await page.keyboard.press('Enter');
  await expect.poll(async () => (await state(page)).running).toBe(false);
  await page.clock.fastForward(4000); // a close can be late
  const label = page.getByTestId('ws-ladder').getByText('closed');
  await expect.poll(() => held.length).toBe(1);
  await expect(label).not.toBeAttached();
  held[0]?.();
  await expect(label).toBeAttached();
  await page.clock.fastForward(5 * 60_000);
  await page.keyboard.press('v'); // neither another variant nor a message moves the view
  await sendChat(page, 'after the run');
  await expect.poll(async () => (await server.health()).head).toBe(2);
  await page.getByTestId('pane-ws').click({ position: { x: 5, y: 5 } });
  await page.keyboard.press('l'); // everything is drawn again
  const ladder = page.getByTestId('ws-ladder').locator('.window');
  await expect
    .poll(async () => {
      const [text, space] = [await label.boundingBox(), await ladder.boundingBox()];
      return text && space && text.x > space.x && text.x + text.width <= space.x + space.width;
    })
    .toBe(true);
  const heldPoll = page.getByTestId('longpoll-ladder').locator('g.cancelled .held');
  await expect(heldPoll).toBeAttached(); // up to the end, without a response
  await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  await page.keyboard.press('w');
  await expect(page.getByTestId('banner')).toContainText('Replay');
  await expect(page.getByTestId('ws-ladder').locator('g.data')).toHaveCount(1);
});

test('the export has parameters, events and a summary', async ({ page, server }) => {
  await open(page, server);
  await sendChat(page, 'to be exported');
  await expect(page.getByTestId('poll-delivered')).toHaveText('1');
  await page.getByTestId('pane-ws').click({ position: { x: 5, y: 5 } });
  const downloads = /** @type {import('@playwright/test').Download[]} */ ([]);
  page.on('download', (download) => downloads.push(download));
  await page.keyboard.press('e');
  await expect.poll(() => downloads.length).toBe(2);
  const files = await Promise.all(downloads.map(async (file) => readFile(await file.path(), 'utf8')));
  const json = JSON.parse(files.find((file) => file.startsWith('{')) ?? '');
  expect(json.summary.panes).toHaveLength(3);
  expect(json.userAgent).toContain('Chrom');
  expect(json.events.filter((/** @type {any} */ { type }) => type === 'published')).toHaveLength(1);
  const csv = files.find((file) => file.startsWith('id,'))?.split('\r\n') ?? [];
  expect(csv.slice(1, 4).map((row) => row.split(',')[0])).toEqual(['poll', 'longpoll', 'ws']);
});

test('the code panel shows the loop in short, then the running file, and highlights the line that ran last', async ({ page, server }) => {
  await open(page, server);
  await page.getByTestId('pane-ws').click({ position: { x: 5, y: 5 } });
  await page.keyboard.press('c');
  await expect(page.getByTestId('poll-code')).toContainText('setInterval(function () {');
  await expect(page.getByTestId('poll-code').locator('.fired')).toContainText('makeRequest()');
  await page.keyboard.press('c');
  await expect(page.getByTestId('poll-code')).toContainText('setInterval(() => {');
  await expect(page.getByTestId('longpoll-code')).toContainText("request('/longpoll'");
  await expect(page.getByTestId('poll-code').locator('.fired')).toHaveCount(1);
  const source = await (await fetch(`${server.url}/transports/longpoll.js`)).text();
  const line = await page.getByTestId('longpoll-code').locator('code').nth(1).textContent();
  expect(source).toContain(line?.trim() ?? 'no line');
  await page.keyboard.press('c');
  await expect(page.getByTestId('ws-log')).toContainText('101 Switching Protocols');
});

test('keys do nothing in text fields, and when they are off', async ({ page, server }) => {
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

test('a lesson that has the focus is selected by Enter and by Space; after a click they are commands', async ({ page, server }) => {
  await open(page, server);
  for (const [key, lesson] of [['Enter', 'idle'], ['Space', 'chat']]) {
    await page.getByTestId(`preset-${lesson}`).focus();
    await page.keyboard.press(key ?? '');
    await expect.poll(async () => (await state(page)).preset).toBe(lesson);
    expect((await state(page)).paused).toBe(false);
  }
  await page.getByTestId('preset-typing').click();
  await expect.poll(async () => byId(await state(page)).poll.requests).toBeGreaterThan(0);
  await page.keyboard.press('Space');
  await expect(page.getByTestId('banner')).toContainText('Paused');
  expect((await state(page)).preset).toBe('typing');
});

test('the help has a button for each command', async ({ page, server }) => {
  await page.clock.install();
  await open(page, server);
  await sendChat(page, 'to be replayed');
  await expect(page.getByTestId('ws-delivered')).toHaveText('1');
  await page.clock.fastForward(8000); // the replay takes as long
  const help = page.getByTestId('help-dialog');
  /** @param {string} name */
  const run = async (name) => {
    await page.getByTestId('help').click();
    await help.getByRole('button', { name }).click();
    await expect(help).toBeHidden();
  };
  await run('replay the last 30 seconds');
  await expect(page.getByTestId('banner')).toContainText('Replay 1×');
  await run('replay slower');
  await expect(page.getByTestId('banner')).toContainText('Replay ¼×');
});

test('Escape, ? and the page keys close the help, and no key acts behind it', async ({ page, server }) => {
  await page.goto(`${server.url}/?preset=idle`);
  const help = page.getByTestId('help-dialog');
  for (const key of ['Escape', '?', 'PageDown', 'PageUp']) {
    await page.keyboard.press('?');
    await expect(help).toBeVisible();
    await page.keyboard.press('3'); // not a lesson now
    await page.keyboard.press(key);
    await expect(help).toBeHidden();
  }
  const { preset, running } = await state(page);
  expect([preset, running]).toEqual(['idle', false]);
});

test('the table and the panes show the same moment', async ({ page, server }) => {
  await startPreset(page, server, 'typing');
  await expect.poll(async () => byId(await state(page)).ws.latency.n, { timeout: 20_000 }).toBeGreaterThan(20);
  const differences = await page.evaluate(async () => {
    const text = (/** @type {string} */ selector) => document.querySelector(selector)?.textContent ?? '';
    const differences = [];
    for (let frame = 0; frame < 60; frame++) {
      await new Promise(requestAnimationFrame);
      const inPane = /median of (\d+)/.exec(text('[data-testid=ws-median]'))?.[1];
      const inTable = text('[data-testid=comparison] tr:nth-child(3) td');
      if (inPane !== inTable) differences.push([inPane, inTable]);
    }
    return differences;
  });
  expect(differences).toEqual([]);
});

test.describe('a server without its lab', () => {
  test.use({ flags: ['--no-lab'] });

  test('works without bytes and simulated network', async ({ page, server }) => {
    await open(page, server);
    await sendChat(page, 'hello');
    await expect(page.getByTestId('poll-delivered')).toHaveText('1');
    await expect(page.getByTestId('poll-up')).toHaveText('–');
    await page.getByTestId('preset-chat').click();
    await expect(page.getByTestId('injected')).toHaveText('injected: nothing, the lab is disabled');
    await expect.poll(async () => byId(await state(page)).poll.answers).toBeGreaterThan(0);
  });
});

test('a single pane changes its transport and keeps its sequence', async ({ page, server }) => {
  await page.goto(`${server.url}/?panes=poll`);
  await expect(page.getByTestId('pane-poll')).toBeVisible();
  await expect(page.getByTestId('pane-ws')).toBeHidden();
  await expect.poll(async () => byId(await state(page)).poll.state).toBe('polling');
  for (const [index, transport] of ['ws', 'longpoll', 'chained'].entries()) {
    await page.getByTestId('poll-technique').selectOption(transport);
    await sendChat(page, transport);
    await expect.poll(async () => byId(await state(page)).poll.delivered).toBe(index + 1);
  }
});

for (const viewport of [
  { width: 1920, height: 1080 },
  { width: 1366, height: 768 },
]) {
  test(`the projector shows the distribution in the lesson Chat, ${viewport.width} wide`, async ({ page, server }) => {
    await page.setViewportSize(viewport);
    await startPreset(page, server, 'chat');
    await page.keyboard.press('l');
    await expect.poll(async () => byId(await state(page)).poll.delivered).toBeGreaterThan(0);
    const drawing = page.getByTestId('ecdf');
    await expect(drawing).toBeInViewport({ ratio: 1 });
    await expect(page.getByTestId('lesson')).toBeInViewport({ ratio: 1 });
    for (const pane of PANES) await expect(page.getByTestId(`${pane}-missed`)).toBeInViewport({ ratio: 1 });
    await expect(drawing.locator('text[data-kind]')).toHaveCount(3);
    const minimum = (24 * viewport.width) / 1920 - 0.1;
    const texts = await drawing.evaluate((svg) => {
      const box = svg.getBoundingClientRect();
      return [...svg.querySelectorAll('text')].map((text) => {
        const { left, right, top, bottom } = text.getBoundingClientRect();
        const isInside = left >= box.left - 1 && right <= box.right + 1 && top >= box.top - 1 && bottom <= box.bottom + 1;
        return { size: parseFloat(getComputedStyle(text).fontSize), isInside };
      });
    });
    expect(texts.every(({ size, isInside }) => size >= minimum && isInside)).toBe(true);
    expect(await page.evaluate(scrolls)).toBe(false);
    await page.keyboard.press('3');
    await expect(drawing).toBeHidden();
  });
}

test('the label of a stale response has a background, and overlaps no other', async ({ page, server }) => {
  await startPreset(page, server, 'order');
  await expect.poll(async () => byId(await state(page)).poll.stale, { timeout: 20_000 }).toBeGreaterThan(2);
  await page.keyboard.press('.');
  const drawn = page.getByTestId('poll-ladder').locator('g.stale');
  await expect.poll(() => drawn.count()).toBeGreaterThan(1);
  const labelled = page.getByTestId('poll-ladder').locator('g.stale:has(.label-background)');
  expect(await labelled.count()).toBeGreaterThan(0);
  // In one step: a redrawing replaces the elements.
  const stale = await page.evaluate(() =>
    [...document.querySelectorAll('[data-testid="poll-ladder"] g.stale:has(.label-background)')].map((group) => {
      const [background, label] = ['.label-background', 'text'].map((part) => {
        const { x, y, width, height } = /** @type {SVGGraphicsElement} */ (group.querySelector(part)).getBBox();
        return { left: x, top: y, right: x + width, bottom: y + height };
      });
      return { background, label, isOnTop: group.parentElement?.matches('.marks ~ .marks') };
    }),
  );
  for (const { background, label, isOnTop } of stale) {
    if (!background || !label) throw new Error('expected both');
    expect(isOnTop).toBe(true);
    expect(background.left).toBeLessThan(label.left);
    expect(background.right).toBeGreaterThan(label.right);
    expect(background.top).toBeLessThan(label.bottom);
    expect(background.bottom).toBeGreaterThanOrEqual(label.bottom - 1);
  }
  expect(overlapping(stale.flatMap(({ background }) => background ?? []))).toBe(0);
});

for (const [width = 0, height = 0, projector] of [[1366, 768, 'l'], [1920, 1080, '']]) {
  test(`Order, the whole run: no two labels touch, ${width} wide${projector && ', projected'}`, async ({ page, server }) => {
    await page.setViewportSize({ width: Number(width), height: Number(height) });
    await startPreset(page, server, 'order');
    await expect.poll(async () => byId(await state(page)).poll.stale, { timeout: 20_000 }).toBeGreaterThan(5);
    await page.keyboard.press('PageDown');
    if (projector) await page.keyboard.press(String(projector));
    const ladder = page.getByTestId('poll-ladder');
    await expect(ladder.locator('.axis-label').first()).toBeAttached();
    const boxes = (/** @type {string} */ selector) =>
      ladder.locator(selector).evaluateAll((all) =>
        all.map((label) => {
          const { left, right, top, bottom } = label.getBoundingClientRect();
          return { left, right, top, bottom };
        }),
      );
    await expect.poll(async () => (await boxes('.label-background')).length).toBeGreaterThan(1);
    await expect.poll(async () => overlapping(await boxes('.label-background'))).toBe(0);
    await expect.poll(async () => overlapping(await boxes('.moving text'))).toBe(0);
  });
}

test('ten messages per second: each has a mark, and no labels overlap', async ({ page, server }) => {
  await startPreset(page, server, 'typing');
  await expect.poll(async () => byId(await state(page)).ws.delivered, { timeout: 20_000 }).toBeGreaterThan(60);
  await page.keyboard.press('.');
  const drawn = () =>
    page.getByTestId('ws-ladder').locator('g.data').evaluateAll((all) =>
      all.map((group) => {
        const { version, messages } = /** @type {SVGElement} */ (group).dataset;
        return { version: Number(version), before: Number(version) - Number(messages) };
      }),
    );
  const newest = async () => String((await drawn()).at(-1)?.version);
  await expect.poll(async () => (await newest()) === (await page.getByTestId('ws-delivered').textContent())).toBe(true);
  const all = await drawn();
  expect(all.length).toBeGreaterThan(10);
  for (const [index, { version }] of all.slice(0, -1).entries()) expect(all[index + 1]?.before).toBe(version);
  for (const [place, marks] of [['ws-ladder', 'g.data'], ['longpoll-ladder', 'g.data'], ['truth', '.moving line']]) {
    const drawing = page.getByTestId(String(place));
    const labels = await drawing.locator('.moving text').evaluateAll((all) =>
      all.map((label) => {
        const { left, right, top, bottom } = label.getBoundingClientRect();
        return { left, right, top, bottom };
      }),
    );
    expect(labels.length, place).toBeGreaterThan(4);
    expect(overlapping(labels), place).toBe(0);
    expect(await drawing.locator(String(marks)).count(), place).toBeGreaterThanOrEqual(labels.length);
  }
  expect(await page.evaluate(scrolls)).toBe(false); // the simulated network takes three lines
});

for (const rate of [1, 10, 50]) {
  test(`${rate} messages per second: no two labels touch, and none is cut off`, async ({ page, server }) => {
    await page.setViewportSize({ width: 1920, height: 1080 });
    await open(page, server);
    await page.getByTestId('rate').fill(String(rate));
    await page.getByTestId('rhythm').selectOption('poisson');
    const enough = Math.max(5, rate);
    await expect.poll(async () => byId(await state(page)).ws.delivered, { timeout: 30_000 }).toBeGreaterThan(enough);
    await page.keyboard.press('Escape');
    await page.getByTestId('toggle').focus();
    await page.keyboard.press('.');
    await expect(page.getByTestId('banner')).toBeVisible();
    for (const place of ['poll-ladder', 'longpoll-ladder', 'ws-ladder', 'truth']) {
      const labels = await page.getByTestId(place).locator('.moving text').evaluateAll((all) =>
        all.map((label) => {
          const { left, right, top, bottom } = label.getBoundingClientRect();
          return { left, right, top, bottom };
        }),
      );
      expect(overlapping(labels), place).toBe(0);
    }
    await expect(page.getByTestId('longpoll-ladder').locator('line.held').first()).toBeAttached();
  });
}

test('the longest state overlaps nothing, on each screen and on a projector', async ({ page, server }) => {
  await startPreset(page, server, 'outage');
  await expect(page.getByTestId('poll-state')).toHaveText(/^\d sent, \d+ queued in the browser$/, { timeout: 20_000 });
  await page.keyboard.press('.');
  await expect(page.getByTestId('poll-state')).toHaveText(/queued/); // the state at this moment
  for (const [width, height] of [[1920, 1080], [1366, 768], [390, 844]]) {
    await page.setViewportSize({ width: width ?? 0, height: height ?? 0 });
    for (const projector of [true, false]) {
      await page.keyboard.press('l');
      await expect(page.locator(projector ? 'html[data-projector]' : 'html:not([data-projector])')).toBeAttached();
      const boxes = await page.getByTestId('pane-poll').evaluate((pane) => {
        const badge = pane.querySelector('.state-badge');
        if (badge) badge.textContent = '6 sent, 34 queued in the browser';
        return [...pane.querySelectorAll('.state-badge, h2, select, .poll-interval input, .figures > b, .figures .caption')]
          .map((part) => part.getBoundingClientRect())
          .filter((box) => box.width > 0)
          .map(({ left, right, top, bottom }) => ({ left, right, top, bottom }));
      });
      expect(boxes.length).toBeGreaterThan(3);
      expect(overlapping(boxes), `${width} wide, ${projector ? '' : 'not '}projected`).toBe(0);
    }
  }
});

/** Runs in the page. */
function scrolls() {
  return document.documentElement.scrollHeight > document.documentElement.clientHeight;
}

/** How many boxes overlap another one.
 * @param {{ left: number, right: number, top: number, bottom: number }[]} boxes */
function overlapping(boxes) {
  return boxes.filter((one, index) =>
    boxes.slice(index + 1).some(
      (other) =>
        one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom,
    ),
  ).length;
}

test('a switch of the transport is marked, and recolours nothing', async ({ page, server }) => {
  await open(page, server);
  const ladder = page.getByTestId('poll-ladder');
  const count = (/** @type {string} */ selector) => ladder.locator(`.marks ${selector}`).count();
  await expect.poll(() => count('g[data-kind=poll]')).toBeGreaterThan(1);
  await expect(ladder.locator('g.switch')).toHaveCount(0);
  await page.getByTestId('poll-technique').selectOption('ws');
  await expect(ladder.locator('g.switch')).toHaveText('→ WebSocket');
  await sendChat(page, 'after the switch');
  await expect(ladder.locator('g.data[data-kind=ws]')).toHaveCount(1);
  expect(await count('g[data-kind=poll]')).toBeGreaterThan(1);
  await page.getByTestId('poll-technique').selectOption('longpoll');
  await expect(ladder.locator('g.switch')).toHaveCount(2);
  await expect(ladder.locator('g.data[data-kind=ws]')).toHaveCount(1);
});
