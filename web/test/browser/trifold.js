/**
 * Fixtures of the browser tests: a server for each test, and pages on it.
 *
 * @typedef {import('../../session/state.js').LabState} LabState
 * @typedef {import('@playwright/test').Page} Page
 */
import { expect, test as base } from '@playwright/test';
import { Server } from '../server.js';

export { Server };

/** Uncaught errors in the pages of a browser. @param {import('@playwright/test').BrowserContext} context */
export function errorsOf(context) {
  /** @type {Error[]} */
  const errors = [];
  context.on('weberror', (error) => errors.push(error.error()));
  return errors;
}

/** @type {import('@playwright/test').Fixtures<{ flags: string[], host: string, server: Server }, {}, import('@playwright/test').PlaywrightTestArgs>} */
const fixtures = {
  context: async ({ context }, use) => {
    const errors = errorsOf(context);
    await use(context);
    expect(errors).toEqual([]);
  },
  flags: [[], { option: true }],
  host: ['127.0.0.1', { option: true }],
  server: async ({ flags, host }, use) => {
    const server = new Server(flags, host);
    await server.start();
    await use(server);
    server.process?.kill('SIGKILL'); // the graceful shutdown is tested elsewhere
  },
};

export const test = base.extend(fixtures);

export { expect };

/** @param {Page} page @returns {Promise<LabState>} */
export function state(page) {
  return page.evaluate(() => /** @type {any} */ (window).lab.state());
}

/**
 * Opens the page and waits until all three panes are subscribed.
 * @param {Page} page @param {Server} server
 */
export async function open(page, server) {
  await page.goto(server.url);
  await waitSubscribed(page);
}

/** @param {Page} page */
export async function waitSubscribed(page) {
  await expect
    .poll(async () => (await state(page)).panes.map((pane) => pane.state))
    .toEqual(['polling', 'held', 'open']);
}

/** @param {Page} page @param {string} line */
export async function sendChat(page, line) {
  await page.getByTestId('chat').fill(line);
  await page.getByTestId('send').click();
}

export const PANES = ['poll', 'longpoll', 'ws'];

/**
 * Starts a preset.
 * @param {Page} page @param {Server} server @param {string} preset @param {string} [more]
 */
export async function startPreset(page, server, preset, more = '') {
  await page.goto(`${server.url}/?preset=${preset}&seed=42&autorun=1${more}`);
  await expect.poll(async () => (await state(page)).running).toBe(true);
}

/** Waits for the end of a run, and returns the state then. @param {Page} page */
export async function waitFinished(page) {
  await expect.poll(async () => (await state(page)).running, { timeout: 40_000 }).toBe(false);
  return state(page);
}

/** @param {Page} page @param {Server} server @param {string} preset */
export async function runPreset(page, server, preset) {
  await startPreset(page, server, preset);
  return waitFinished(page);
}

/**
 * Waits until every pane has the complete sequence: `messages`, each once, none missed.
 * @param {Page} page @param {number} messages
 */
export async function expectComplete(page, messages) {
  await expect
    .poll(async () => (await state(page)).panes.map(({ delivered, missed }) => [delivered, missed]))
    .toEqual(PANES.map(() => [messages, 0]));
}

/** The panes by their ids. @param {LabState} lab */
export function byId({ panes }) {
  const [poll, longpoll, ws] = panes;
  if (!poll || !longpoll || !ws) throw new Error('expected three panes');
  return { poll, longpoll, ws };
}
