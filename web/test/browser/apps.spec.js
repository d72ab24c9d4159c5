/** The apps: what each promises, on every transport, through outages, restarts and reloads. */
import { AxeBuilder } from '@axe-core/playwright';
import { another, appState, expectAgreement, openApp, paper } from './apps.js';
import { expect, test } from './trifold.js';

/** @typedef {import('@playwright/test').Page} Page */

test('two people write one document: both texts stay, carets have names, undo is for own changes', async ({ page, server, browser }) => {
  await openApp(page, server, 'document&transport=longpoll');
  const ben = await another(browser, server, 'document&transport=poll');
  await page.getByLabel('I am').fill('Ana');
  await ben.getByLabel('I am').fill('Ben');
  await paper(page).click();
  await page.keyboard.type('Hello 👩‍👩‍👧 from Ana. ');
  await expectAgreement([page, ben], 'text');
  await paper(ben).press('Home');
  await ben.keyboard.type('BEN ');
  await page.keyboard.type('More of Ana.');
  await expectAgreement([page, ben], 'text');
  await expect(paper(page)).toHaveValue('BEN Hello 👩‍👩‍👧 from Ana. More of Ana.');
  await expect(ben.getByTestId('status')).toHaveText('Ana has changed the document');
  await expect(ben.getByTestId('app-caret')).toContainText('Ana');
  await expect(page.getByTestId('app-caret')).toHaveText('Ben');
  await paper(ben).press('Control+z');
  await expectAgreement([page, ben], 'text');
  await expect(paper(page)).toHaveValue('Hello 👩‍👩‍👧 from Ana. More of Ana.');
  // The caret of the other page is still where its user types.
  await page.keyboard.type('!');
  await expect(paper(page)).toHaveValue('Hello 👩‍👩‍👧 from Ana. More of Ana.!');
});

test('a reload in mid-word loses nothing, and two tabs of one person do not mix', async ({ page, server, context }) => {
  await openApp(page, server, 'document');
  const tab = await openApp(await context.newPage(), server, 'document');
  await paper(page).click();
  await page.keyboard.type('wor');
  await page.reload();
  await expect.poll(async () => (await appState(page))?.isReady).toBe(true);
  await expect(paper(page)).toHaveValue('wor');
  await paper(page).press('End');
  await page.keyboard.type('d');
  await paper(tab).press('End');
  await tab.keyboard.type(' tab');
  await expectAgreement([page, tab], 'text');
  expect([...(await appState(page)).text].sort().join('')).toBe([...'word tab'].sort().join(''));
});

test('an outage: what is typed stays on the screen, and is merged afterwards', async ({ page, server, browser }) => {
  await openApp(page, server, 'document');
  const ben = await another(browser, server, 'document&transport=longpoll');
  await paper(page).click();
  await page.keyboard.type('start ');
  await expectAgreement([page, ben], 'text');
  await page.getByTestId('app-link').click();
  await expect(page.getByTestId('app-link')).toHaveText('Network up again');
  await paper(ben).press('End');
  await ben.keyboard.type('of ben ');
  await paper(page).press('End');
  await page.keyboard.type('of ana ');
  await expect(paper(page)).toHaveValue('start of ana ');
  await page.getByTestId('app-link').click();
  await expectAgreement([page, ben], 'text');
  const { text } = await appState(ben);
  expect(text).toContain('of ana ');
  expect(text).toContain('of ben ');
});

test('a server that is restarted without a journal: the text is offered back', async ({ page, server }) => {
  await openApp(page, server, 'document&transport=longpoll');
  await paper(page).click();
  await page.keyboard.type('Do not lose me');
  await expect.poll(async () => (await appState(page)).pending).toBe(0);
  await server.stop();
  await page.keyboard.type(', please');
  await server.start();
  const offer = page.getByTestId('app-offer').filter({ hasText: 'new log' });
  await expect(offer).toContainText('Do not lose me, please', { timeout: 20_000 });
  await offer.getByRole('button', { name: 'Insert it again' }).click();
  await expect(paper(page)).toHaveValue(/Do not lose me, please/);
  await expect(offer).toHaveCount(0);
});

test('the last writer wins in the text area of the lecture, and what is overwritten is counted', async ({ page, server, browser }) => {
  await openApp(page, server, 'document');
  const ben = await another(browser, server, 'document');
  await page.getByLabel('I am').fill('Ana');
  await ben.getByLabel('I am').fill('Ben');
  await page.getByTestId('talks').fill('written by Ana');
  await expect(ben.getByTestId('talks')).toHaveValue('written by Ana');
  await server.publish({ sender: 'Cem', kind: 'text', body: 'written' });
  await expect(page.getByTestId('app-overwritten')).toHaveText('7');
  await expect(ben.getByTestId('app-overwritten')).toHaveText('7');
});

test('the chat: names, delivery, typing, links, line breaks, and no line twice', async ({ page, server, browser }) => {
  await openApp(page, server, 'chat&transport=longpoll');
  const ben = await another(browser, server, 'chat');
  await page.getByLabel('I am').fill('Ana');
  await ben.getByLabel('I am').fill('Ben');
  const input = page.getByTestId('app-chat-input');
  await input.pressSequentially('See https://example.org/a?b=1.');
  await expect(ben.getByTestId('app-typing')).toHaveText('Ana is typing …');
  await input.press('Shift+Enter');
  await input.pressSequentially('<b>second line</b>');
  await input.press('Enter');
  const line = ben.getByTestId('app-chat-line');
  await expect(line.locator('strong')).toHaveText('Ana');
  await expect(line.locator('p')).toHaveText('See https://example.org/a?b=1.\n<b>second line</b>', { useInnerText: true });
  await expect(line.locator('a')).toHaveAttribute('href', 'https://example.org/a?b=1');
  await expect(page.getByTestId('app-chat-line')).toContainText('delivered to 1', { timeout: 10_000 });
  await expect(ben.getByTestId('app-typing')).toHaveText('');
  await server.stop();
  await input.fill('while the server is down');
  await input.press('Enter');
  await expect(page.getByTestId('app-chat-line').last()).toContainText('sending');
  await server.start();
  await expect(ben.getByTestId('app-chat-line').last()).toContainText('while the server is down', { timeout: 20_000 });
  await expect(page.getByTestId('app-chat-line')).toHaveCount(2);
  await expect(ben.getByTestId('app-chat-line')).toHaveCount(2);
});

test('the chat stays where its reader is, and says how many lines are new', async ({ page, server }) => {
  for (let count = 1; count <= 40; count++) await server.publish({ sender: 'Ben', body: `line ${count}` });
  await openApp(page, server, 'chat');
  const lines = page.getByLabel('Lines');
  await expect(page.getByTestId('app-chat-line').last()).toBeInViewport();
  await lines.evaluate((list) => (list.scrollTop = 0));
  await expect(page.getByTestId('app-chat-line').first()).toBeInViewport();
  for (let count = 1; count <= 3; count++) await server.publish({ sender: 'Ben', body: `new ${count}` });
  const jump = page.getByRole('button', { name: '↓ 3 new' });
  await expect(jump).toBeVisible();
  await expect(page.getByTestId('app-chat-line').first()).toBeInViewport();
  await jump.click();
  await expect(page.getByTestId('app-chat-line').last()).toBeInViewport();
  await expect(jump).toBeHidden();
});

test('the board: mouse, touch, keyboard, editing, archive and undo', async ({ page, server, browser }) => {
  await openApp(page, server, 'board');
  const context = await browser.newContext({ hasTouch: true, viewport: { width: 390, height: 844 } });
  const phone = await openApp(await context.newPage(), server, 'board&transport=longpoll');
  const input = page.getByLabel('New card in To do');
  for (const title of ['slides', 'projector']) {
    await input.fill(title);
    await input.press('Enter');
  }
  await expectAgreement([page, phone], 'cards');
  const columns = async () => (await appState(phone)).cards.map(({ title, column }) => `${title} ${column}`);
  await page.getByTestId('app-card').filter({ hasText: 'slides' }).locator('strong').dragTo(page.locator('[data-column=done] ol'));
  await expect.poll(columns).toEqual(['projector todo', 'slides done']);
  await touchDrag(phone, phone.getByRole('button', { name: 'Move “projector”' }), phone.locator('[data-column=doing]'));
  await expect.poll(columns).toEqual(['projector doing', 'slides done']);
  await page.getByRole('button', { name: 'Move “slides”' }).focus();
  await page.keyboard.press('ArrowLeft');
  await expect.poll(columns).toEqual(['slides doing', 'projector doing']);
  await page.keyboard.press('ArrowDown');
  await expect.poll(columns).toEqual(['projector doing', 'slides doing']);
  await expect(page.getByRole('button', { name: 'Move “slides”' })).toBeFocused();
  await page.getByRole('button', { name: 'Edit “slides”' }).press('Enter');
  await page.keyboard.type('Slides!');
  await page.keyboard.press('Enter');
  await expect.poll(columns).toEqual(['projector doing', 'Slides! doing']);
  await page.getByRole('button', { name: 'Archive “projector”' }).click();
  await expect.poll(columns).toEqual(['Slides! doing']);
  await page.keyboard.press('Control+z');
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect.poll(columns).toEqual(['projector doing', 'slides doing']);
});

test('a card that another person moves at the same time: the log decides, and the loser is told', async ({ page, server, browser }) => {
  await openApp(page, server, 'board');
  const ben = await another(browser, server, 'board');
  await ben.getByLabel('I am').fill('Ben');
  await page.getByLabel('New card in To do').fill('slides');
  await page.keyboard.press('Enter');
  await expectAgreement([page, ben], 'cards');
  await ben.getByTestId('app-link').click(); // Ben does not see what comes next
  await expect(ben.getByTestId('app-link')).toHaveText('Network up again');
  await page.getByRole('button', { name: 'Move “slides”' }).press('ArrowRight');
  await expect.poll(async () => (await appState(page)).pending).toBe(0);
  for (const _ of [1, 2]) await ben.getByRole('button', { name: 'Move “slides”' }).press('ArrowRight');
  await expect(page.getByTestId('status')).toHaveText('Ben moved “slides” to Done after you had moved it');
  await ben.getByTestId('app-link').click();
  await expectAgreement([page, ben], 'cards');
  expect((await appState(page)).cards.map(({ column }) => column)).toEqual(['done']);
});

test('a remote change waits while an input method composes a word', async ({ page, server, browser }) => {
  await openApp(page, server, 'document');
  const ben = await another(browser, server, 'document');
  await paper(page).click();
  await page.keyboard.type('start ');
  await expectAgreement([page, ben], 'text');
  const session = await page.context().newCDPSession(page);
  await session.send('Input.imeSetComposition', { text: 'に', selectionStart: 1, selectionEnd: 1 });
  await paper(ben).press('Home');
  await ben.keyboard.type('BEN ');
  await expect.poll(async () => (await appState(page)).text).toBe('BEN start ');
  await expect(paper(page)).toHaveValue('start に');
  await session.send('Input.imeSetComposition', { text: 'にほん', selectionStart: 3, selectionEnd: 3 });
  await session.send('Input.insertText', { text: '日本' });
  await expectAgreement([page, ben], 'text');
  await expect(paper(page)).toHaveValue('BEN start 日本');
  await expect(paper(ben)).toHaveValue('BEN start 日本');
});

/** @param {Page} page @param {import('@playwright/test').Locator} from
 *  @param {import('@playwright/test').Locator} to */
async function touchDrag(page, from, to) {
  const session = await page.context().newCDPSession(page);
  const [start, end] = [await from.boundingBox(), await to.boundingBox()];
  if (!start || !end) throw new Error('not visible');
  const point = (/** @type {{ x: number, y: number, width: number, height: number }} */ box) => ({ x: box.x + box.width / 2, y: box.y + box.height / 2 });
  const [a, b] = [point(start), point(end)];
  const send = (/** @type {any} */ type, /** @type {object[]} */ touchPoints) =>
    session.send('Input.dispatchTouchEvent', { type, touchPoints: /** @type {any} */ (touchPoints) });
  await send('touchStart', [a]);
  for (const share of [0.3, 0.6, 1]) await send('touchMove', [{ x: a.x + (b.x - a.x) * share, y: a.y + (b.y - a.y) * share }]);
  await send('touchEnd', []);
}

test('the same document in three panes: what is typed in one is in all', async ({ page, server }) => {
  await openApp(page, server, 'document&transport=all');
  const areas = page.getByTestId('app-document');
  await expect(areas).toHaveCount(3);
  for (const [index, word] of ['polling ', 'long ', 'socket '].entries()) {
    await areas.nth(index).press('End');
    await page.keyboard.type(word);
  }
  const texts = () => page.evaluate(() => /** @type {any} */ (window).lab.state().panes.map((/** @type {any} */ pane) => pane.app.text));
  const words = (/** @type {string} */ text) => text.trim().split(' ').sort();
  await expect.poll(async () => (await texts()).map(words)).toEqual(Array(3).fill(['long', 'polling', 'socket']));
  expect(new Set(await texts()).size).toBe(1);
});

test.describe('with a log that retains 30 messages', () => {
  test.use({ flags: ['--retain-messages', '30'] });

  /** @param {import('./trifold.js').Server} server */
  async function publishOthers(server) {
    for (let count = 0; count < 40; count++) await server.publish({ kind: 'other', body: count });
  }

  test('a client that comes late gets a snapshot from another page, and the change that a gap has hidden stays', async ({ page, server, browser }) => {
    await openApp(page, server, 'document');
    await paper(page).click();
    await page.keyboard.type('kept by a page');
    await expect.poll(async () => (await appState(page)).pending).toBe(0);
    await publishOthers(server);
    const late = await another(browser, server, 'document');
    await expect(paper(late)).toHaveValue('kept by a page');
    await late.getByTestId('app-link').click();
    await expect(late.getByTestId('app-link')).toHaveText('Network up again');
    await paper(late).press('End');
    await late.keyboard.type(', and more');
    await publishOthers(server);
    await late.getByTestId('app-link').click();
    await expectAgreement([page, late], 'text');
    await expect(paper(page)).toHaveValue('kept by a page, and more');
  });

  test('without another page an empty document is started', async ({ page, server }) => {
    await publishOthers(server);
    await page.goto(`${server.url}/?app=board`);
    await expect.poll(async () => (await appState(page))?.isReady, { timeout: 20_000 }).toBe(true);
    await page.getByLabel('New card in Done').fill('new');
    await page.keyboard.press('Enter');
    await expect.poll(async () => (await appState(page)).cards.map(({ column }) => column)).toEqual(['done']);
  });
});

for (const app of ['chat', 'board', 'document']) {
  test(`${app}: no axe violations, and 320 pixels wide`, async ({ page, server }) => {
    await server.publish({ sender: 'Ben', body: 'A line with https://example.org/a/very/long/address/that/does/not/fit/into/a/narrow/screen' });
    await openApp(page, server, app);
    if (app === 'board') {
      await page.getByLabel('New card in To do').fill('Averylongtitlewithoutanyspacethatisfarwiderthananarrowscreen');
      await page.keyboard.press('Enter');
      await expect(page.getByTestId('app-card')).toBeVisible();
    }
    for (const scheme of /** @type {const} */ (['light', 'dark'])) {
      await page.emulateMedia({ colorScheme: scheme });
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
    }
    await page.setViewportSize({ width: 320, height: 640 });
    const overflow = () => page.evaluate(() => document.documentElement.scrollWidth);
    expect(await overflow()).toBeLessThanOrEqual(320);
  });
}
