/** The page "Which one should I take?": by address and by link, its inputs, files, and for everyone. */
import { AxeBuilder } from '@axe-core/playwright';
import { sweepReport } from '../unit/fixtures.js';
import { expect, test } from './trifold.js';

/** @typedef {import('./trifold.js').Page} Page */

/** @param {Page} page @param {import('./trifold.js').Server} server @param {string} [query] */
async function openDecide(page, server, query = '') {
  await page.goto(`${server.url}/?decide=1${query}`);
  await expect(page.getByTestId('decide')).toBeVisible();
}

/** @param {Page} page */
const advice = (page) => page.getByTestId('decide-advice-name');

/** @param {Page} page @param {string} id */
const figure = (page, id) => page.getByTestId(`decide-cell-${id}`).locator('b');

/** A file for the file field. @param {string} name @param {unknown} content */
const file = (name, content) => ({ name, mimeType: 'application/json', buffer: Buffer.from(JSON.stringify(content)) });

test('opens by the link and leads back, without a connection', async ({ page, server }) => {
  await page.goto(server.url);
  await page.getByTestId('decide-link').click();
  await expect(page.getByTestId('decide')).toBeVisible();
  await expect(page).toHaveTitle(/^Which one should I take\?/);
  await expect(page.getByTestId('pane-poll')).toHaveCount(0);
  await expect.poll(async () => (await server.health()).waiters).toBe(0);

  /** @type {string[]} */
  const requests = [];
  page.on('request', (request) => requests.push(new URL(request.url()).pathname));
  page.on('websocket', (socket) => requests.push(socket.url()));
  await page.reload();
  await page.getByTestId('decide-slider-rate').press('ArrowRight');
  expect(requests.length).toBeGreaterThan(10);
  expect(requests.filter((path) => !/^\/$|\.(js|css|svg)$/.test(path))).toEqual([]);

  await page.getByTestId('lessons-link').click();
  await expect(page.getByTestId('pane-poll')).toBeVisible();
});

test('opens with the inputs of its address', async ({ page, server }) => {
  await openDecide(page, server, '&clients=1000&rate=2&acceptable=6000&delay=100&interval=5000&phones=0&proxies=pass');
  await expect(page.getByTestId('decide-input-clients')).toHaveValue('1000');
  await expect(page.getByTestId('decide-input-proxies-pass')).toBeChecked();
  await expect(page.getByTestId('decide-interval-auto')).not.toBeChecked();
  await expect(figure(page, 'poll-requests')).toHaveText('200');
  await expect(figure(page, 'poll-mean')).toHaveText('2.60 s');
  await expect(figure(page, 'poll-p95')).toHaveText('4.85 s');
  await expect(figure(page, 'ws-p95')).toHaveText('100 ms');
  await expect(figure(page, 'poll-bytes')).toHaveText('48 GB');
  await expect(page.getByTestId('decide-cell-poll-requests')).toContainText('model');
  await expect(page.getByTestId('decide-cell-poll-bytes')).toContainText('measured: docs/performance.md');
  await expect(page.getByTestId('decide-problems')).toBeHidden();
});

test('names what is wrong with an address, and uses the nearest values', async ({ page, server }) => {
  await openDecide(page, server, '&clients=-5&delay=soon&rate=101');
  await expect(page.getByTestId('decide-problems')).toHaveText(
    'Clients: below the minimum, so 1 is used. Messages a second: above the maximum, so 100 /s is used. ' +
      'Network delay, one way: not a number, so 40 ms is used.',
  );
  await expect(page.getByTestId('decide-input-clients')).toHaveValue('1');
});

test('a slider changes the figures, the advice and the address', async ({ page, server }) => {
  await openDecide(page, server);
  await expect(advice(page)).toHaveText('● WebSocket');
  await expect(page.getByTestId('decide-flip-acceptable-above')).toHaveText(/^Polling would be recommended if the acceptable delay were above 3\.7.*\(within 2 times the cheapest\)/);
  const slider = page.getByTestId('decide-slider-acceptable');
  await slider.focus();
  for (const [value, name] of [['2500', '● WebSocket'], ['3000', '● WebSocket'], ['4000', '■ Polling']]) {
    await page.keyboard.press('ArrowRight');
    await expect(page.getByTestId('decide-input-acceptable')).toHaveValue(String(value));
    await expect(advice(page)).toHaveText(String(name));
  }
  await expect(page.getByTestId('decide-advice')).toHaveAttribute('data-kind', 'poll');
  await expect(figure(page, 'poll-p95')).toHaveText('4.00 s');
  await expect(page.getByTestId('decide-flip-acceptable-below')).toContainText('A WebSocket would be recommended');
  await expect.poll(() => new URL(page.url()).searchParams.get('acceptable')).toBe('4000');
  const shared = page.url();
  await page.goto(`${server.url}/`);
  await page.goto(shared);
  await expect(advice(page)).toHaveText('■ Polling');
});

test('a number field accepts any value in its range, and corrects others when it is left', async ({ page, server }) => {
  await openDecide(page, server);
  const field = page.getByTestId('decide-input-clients');
  await field.fill('1234');
  await expect(figure(page, 'ws-connections')).toHaveText('1 234');
  await field.fill('9999999');
  await expect(figure(page, 'ws-connections')).toHaveText('1 234');
  await field.press('Tab');
  await expect(field).toHaveValue('1000000');
  await expect(page.getByTestId('decide-problems')).toHaveText('Clients: above the maximum, so 1\u202f000\u202f000 is used.');
  await expect.poll(() => new URL(page.url()).searchParams.get('clients')).toBe('1000000');
});

test('the polling interval is derived until it is set', async ({ page, server }) => {
  await openDecide(page, server);
  const field = page.getByTestId('decide-input-interval');
  await expect(field).toHaveValue('2063');
  await page.getByTestId('decide-input-acceptable').fill('1000');
  await expect(field).toHaveValue('1011');
  await page.getByTestId('decide-slider-interval').press('End');
  await expect(page.getByTestId('decide-interval-auto')).not.toBeChecked();
  await expect(page.getByTestId('decide-cell-poll-p95')).toContainText('too late');
  await page.getByTestId('decide-interval-auto').check();
  await expect(field).toHaveValue('1011');
  await expect.poll(() => new URL(page.url()).searchParams.get('interval')).toBe('auto');
});

test('proxies that interfere exclude a WebSocket', async ({ page, server }) => {
  await openDecide(page, server, '&acceptable=500');
  await expect(page.getByTestId('decide-flip-proxies-interfere')).toContainText('Long polling would be recommended');
  await page.getByTestId('decide-input-proxies-interfere').check();
  await expect(advice(page)).toHaveText('▲ Long polling');
  await expect(page.getByTestId('decide-reason')).toContainText('Proxies may refuse a WebSocket');
});

test('the chart has curves, crossings, the rate, a name and a table', async ({ page, server }) => {
  await openDecide(page, server);
  const chart = page.getByTestId('decide-chart');
  await expect(chart).toHaveAttribute('aria-label', /^Bytes per second/);
  await expect(chart.locator('.curve')).toHaveCount(3);
  await expect(chart.locator('.crossing-label')).toHaveText([/^A 0\.\d+\/s$/, /^B 4\.\d+\/s$/]);
  await expect(page.getByTestId('decide-crossing-poll-longpoll')).toBeVisible();
  await expect(page.getByTestId('decide-request-crossing')).toContainText('as many requests as polling at 0.49');
  const line = page.getByTestId('decide-chart-rate');
  const before = Number(await line.getAttribute('x1'));
  await page.getByTestId('decide-input-rate').fill('50');
  expect(Number(await line.getAttribute('x1'))).toBeGreaterThan(before + 50);
  const dashes = await chart.locator('.curve').evaluateAll((all) => all.map((curve) => getComputedStyle(curve).strokeDasharray));
  expect(new Set(dashes).size).toBe(3); // not only by color
  await page.getByText('The chart as a table').click();
  await expect(page.getByTestId('decide-chart-table').locator('tbody tr')).toHaveCount(11);
});

test('a report of the load generator replaces the built-in figures', async ({ page, server }) => {
  await openDecide(page, server, '&rate=1&clients=100');
  await page.getByTestId('decide-sweep-input').setInputFiles(file('lab <b>.json', sweepReport()));
  await expect(page.getByTestId('decide-cell-poll-bytes')).toContainText('measured: lab <b>.json');
  await expect(figure(page, 'poll-client-bytes')).toHaveText('78 MB'); // 500 B a second, and 400 of a browser
  await expect(page.getByTestId('decide-input-interval')).toHaveValue('1000'); // as it was measured
  await expect(page.getByTestId('decide-cell-ws-cpu')).toContainText('docs/performance.md'); // not in the file
  await expect(page.locator('.measured-point')).toHaveCount(9);
  await page.getByTestId('decide-input-rate').fill('20');
  await expect(page.getByTestId('decide-sweep-state')).toContainText('WebSocket: measured from 0.1 to 10 messages a second; not used');
  await expect(page.getByTestId('decide-cell-ws-bytes')).toContainText('docs/performance.md');
  await page.getByTestId('decide-sweep-remove').click();
  await expect(page.locator('.measured-point')).toHaveCount(0);
  await expect(page.getByTestId('decide-sweep-input')).toBeFocused();
});

test('the polling interval is that of a report while it is loaded', async ({ page, server }) => {
  await openDecide(page, server, '&rate=1');
  const state = page.getByTestId('decide-sweep-state');
  const interval = page.getByTestId('decide-input-interval');
  await page.getByTestId('decide-sweep-input').setInputFiles(file('a.json', sweepReport()));
  await expect(state).toContainText('The polling interval is set to the file’s 1.00 s.');
  await expect(interval).toHaveValue('1000');
  await page.getByTestId('decide-sweep-remove').click();
  await expect(interval).toHaveValue('2063');
  await expect(page.getByTestId('decide-interval-auto')).toBeChecked();
  await page.getByTestId('decide-sweep-input').setInputFiles(file('a.json', sweepReport()));
  await interval.fill('1050');
  await expect(state).not.toContainText('is set to');
  await page.getByTestId('decide-sweep-remove').click();
  await expect(interval).toHaveValue('1050');
});

test('arrow keys go to the next stop, and letters are commands outside of fields', async ({ page, server }) => {
  await openDecide(page, server, '&rate=0.001');
  const rate = page.getByTestId('decide-input-rate');
  await rate.press('ArrowUp');
  await expect(rate).toHaveValue('0.0012');
  await rate.press('ArrowUp');
  await rate.press('ArrowDown');
  await expect.poll(() => new URL(page.url()).searchParams.get('rate')).toBe('0.0012');
  const [projector, dark] = [page.getByTestId('decide-projector'), page.getByTestId('decide-dark')];
  await page.keyboard.press('l');
  await expect(projector).toHaveAttribute('aria-pressed', 'false');
  await page.keyboard.press('Escape');
  await expect(rate).not.toBeFocused();
  await page.keyboard.press('l');
  await page.keyboard.press('d');
  await expect(projector).toHaveAttribute('aria-pressed', 'true');
  await expect(dark).toHaveAttribute('aria-pressed', 'true');
  await expect(projector).toHaveAttribute('title', 'Projector (L)');
  await expect(dark).toHaveAttribute('title', 'Dark (D)');
});

test('numbers have no more digits than they are known with, and are explained', async ({ page, server }) => {
  await openDecide(page, server);
  await expect(figure(page, 'poll-cpu')).toHaveText('0.0033');
  await expect(page.getByTestId('decide-cell-longpoll-p95')).toContainText('the rest, published between two requests, wait longer');
  await expect(page.getByTestId('decide-cell-ws-p95')).not.toContainText('the rest');
  await expect(page.getByTestId('decide-cell-poll-bytes').locator('small')).toHaveAttribute('title', /in the project’s documentation/);
});

test('a report can be dropped on the page', async ({ page, server }) => {
  await openDecide(page, server, '&rate=1');
  await page.evaluate((text) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([text], 'dropped.json'));
    document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
  }, JSON.stringify(sweepReport()));
  await expect(page.getByTestId('decide-cell-ws-bytes')).toContainText('measured: dropped.json');
});

test('another file is refused with what is expected, and changes nothing', async ({ page, server }) => {
  await openDecide(page, server, '&rate=1');
  const error = page.getByTestId('decide-sweep-error');
  await page.getByTestId('decide-sweep-input').setInputFiles(file('package.json', { name: 'trifold-page' }));
  await expect(error).toContainText('It has no list “sweep”');
  await expect(error).toContainText('trifold load --sweep');
  await expect(page.getByTestId('decide-cell-ws-bytes')).toContainText('docs/performance.md');
  await page.getByTestId('decide-sweep-input').setInputFiles(file('sweep.json', sweepReport()));
  await expect(page.getByTestId('decide-cell-ws-bytes')).toContainText('sweep.json');
  await expect(error).toBeHidden();
});

for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
  for (const width of [1920, 390]) {
    test(`Decide has no axe violations, ${colorScheme}, ${width} wide`, async ({ page, server }) => {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 900 });
      for (const query of ['', '&acceptable=30000', '&acceptable=500&proxies=interfere', '&acceptable=20&clients=0']) {
        await openDecide(page, server, query);
        await page.getByTestId('decide-sweep-input').setInputFiles(file('package.json', {}));
        await expect(page.getByTestId('decide-sweep-error')).toBeVisible();
        const { violations } = await new AxeBuilder({ page }).analyze();
        expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
      }
    });
  }
}

for (const [width, height] of [[320, 640], [390, 844], [640, 360], [920, 700], [1366, 768], [1920, 1080]]) {
  test(`Decide fits ${width} pixels`, async ({ page, server }) => {
    await page.setViewportSize({ width: Number(width), height: Number(height) });
    for (const query of ['&clients=1000000&rate=99.5&acceptable=2999999', '&acceptable=20']) {
      await openDecide(page, server, query);
      await page.getByTestId('decide-sweep-input').setInputFiles(file(`a-long-name-${'x'.repeat(60)}.json`, sweepReport()));
      await expect(page.getByTestId('decide-sweep-state')).toBeVisible();
      await page.getByText('The chart as a table').click();
      expect(await page.evaluate(beyondSides)).toEqual([]);
      const name = page.locator('.decide-figures thead small');
      expect(await name.evaluateAll((all) => all.map((word) => word.getBoundingClientRect().height < 20))).not.toContain(false);
    }
  });
}

/** Runs in the page: elements beyond the sides of the screen, and texts beyond those of their cell. */
function beyondSides() {
  const { scrollWidth, clientWidth } = document.documentElement;
  const found = scrollWidth > clientWidth ? [`the page is ${scrollWidth} wide`] : [];
  for (const element of document.querySelectorAll('main *:not(svg *, option)')) {
    const { left, right, width } = element.getBoundingClientRect();
    const isOutside = width > 0 && (left < -1 || right > clientWidth + 1);
    const isTooWide = element.clientWidth > 0 && element.scrollWidth > element.clientWidth + 1 && element.tagName !== 'INPUT';
    if (isOutside || isTooWide) found.push(`${element.tagName} ${element.className} ${element.textContent?.slice(0, 40)}`);
  }
  return found;
}

test('the keyboard alone reaches and changes every input', async ({ page, server }) => {
  await openDecide(page, server);
  /** @type {string[]} */
  const reached = [];
  for (let presses = 0; presses < 30; presses++) {
    await page.keyboard.press('Tab');
    reached.push(await page.evaluate(() => document.activeElement?.getAttribute('data-testid') ?? ''));
  }
  for (const name of ['clients', 'rate', 'acceptable', 'delay', 'interval', 'phones']) {
    expect(reached).toContain(`decide-input-${name}`);
    expect(reached).toContain(`decide-slider-${name}`);
    const slider = page.getByTestId(`decide-slider-${name}`);
    const before = await slider.getAttribute('aria-valuetext');
    await slider.press('ArrowLeft');
    expect(await slider.getAttribute('aria-valuetext')).not.toBe(before);
  }
  for (const id of ['interval-auto', 'input-proxies-none', 'sweep-input', 'projector', 'dark']) {
    expect(reached).toContain(`decide-${id}`);
  }
});

test('the themes are switched by buttons', async ({ page, server }) => {
  await openDecide(page, server);
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await background();
  await page.getByTestId('decide-dark').click();
  expect(await background()).not.toBe(light);
  await expect(page.getByTestId('decide-dark')).toHaveAttribute('aria-pressed', 'true');
  await page.setViewportSize({ width: 1920, height: 1080 });
  await page.getByTestId('decide-projector').click();
  const sizes = await page.locator('main :is(b, li, label, h2, h3, p, input, .unit, text)').evaluateAll((all) =>
    all.filter((element) => element.getClientRects().length > 0).map((element) => parseFloat(getComputedStyle(element).fontSize)),
  );
  expect(sizes.length).toBeGreaterThan(50);
  expect(Math.min(...sizes)).toBeGreaterThanOrEqual(24);
});
