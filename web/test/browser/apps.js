/**
 * The apps in browser tests.
 *
 * @typedef {import('@playwright/test').Browser} Browser
 * @typedef {import('@playwright/test').Page} Page
 * @typedef {import('./trifold.js').Server} Server
 * @typedef {{ name: string, text: string, cards: { title: string, column: string }[],
 *             lines: { sender: string, text: string }[], pending: number, version: number,
 *             isReady: boolean }} AppState
 */
import { errorsOf, expect } from './trifold.js';

/** @param {Page} page @returns {Promise<AppState>} */
export const appState = (page) => page.evaluate(() => /** @type {any} */ (window).lab.state().app);

/** @param {Page} page @param {Server} server @param {string} query */
export async function openApp(page, server, query) {
  await page.goto(`${server.url}/?app=${query}`);
  await expect.poll(async () => (await appState(page))?.isReady).toBe(true);
  return page;
}

/** A page of another person. @param {Browser} browser @param {Server} server @param {string} query */
export async function another(browser, server, query) {
  const context = await browser.newContext();
  errorsOf(context);
  return openApp(await context.newPage(), server, query);
}

/** @param {Page} page */
export const paper = (page) => page.getByTestId('app-document').first();

/** Waits until all pages show the same, and nothing is pending. @param {Page[]} pages
 * @param {'text' | 'cards' | 'lines'} content */
export async function expectAgreement(pages, content) {
  await expect
    .poll(
      async () => {
        const states = await Promise.all(pages.map(appState));
        const shown = new Set(states.map((state) => JSON.stringify(state[content])));
        return [shown.size, states.every(({ pending }) => pending === 0)];
      },
      { timeout: 20_000 },
    )
    .toEqual([1, true]);
}
