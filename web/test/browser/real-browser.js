/**
 * A browser as users run it: its tabs share a window, and only one of them is visible.
 * Playwright emulates focus, so every page of its own browsers is visible, and turns the
 * back/forward cache off; no command to a page changes that. So this browser is started
 * without it.
 *
 * @typedef {import('@playwright/test').BrowserContext} BrowserContext
 * @typedef {import('@playwright/test').Page} Page
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from '@playwright/test';
import { errorsOf, expect, test as base } from './trifold.js';

/** @type {import('@playwright/test').Fixtures<{ tabs: BrowserContext }, {}, import('@playwright/test').PlaywrightTestArgs, import('@playwright/test').PlaywrightWorkerArgs & import('@playwright/test').PlaywrightWorkerOptions>} */
const fixtures = {
  tabs: [
    async ({ launchOptions }, use, info) => {
      // A starting browser may accept a connection and never respond to it: start another one.
      let browser = null;
      for (let attempt = 0; attempt < 3 && !browser; attempt++) browser = await startBrowser(launchOptions);
      if (!browser) return info.skip(true, 'no second browser responds on this machine');
      const errors = errorsOf(browser.context);
      await use(browser.context);
      await browser.end();
      expect(errors).toEqual([]);
    },
    { timeout: 90_000 },
  ],
};

/**
 * Starts a browser and connects to it; `null` if it does not respond.
 * @param {import('@playwright/test').LaunchOptions} options
 */
async function startBrowser({ executablePath = 'chromium', args = [] }) {
  const home = await mkdtemp(join(tmpdir(), 'trifold-'));
  const flags = ['--headless', '--window-size=1366,900', '--remote-debugging-port=0', `--user-data-dir=${home}`];
  const program = spawn(executablePath, [...args, ...flags], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(program, 'exit');
  const end = async () => {
    program.kill('SIGKILL');
    await ended;
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  };
  let address;
  for await (const line of createInterface(program.stderr)) {
    address = /DevTools listening on (\S+)/.exec(line)?.[1];
    if (address) break;
  }
  program.stderr.resume(); // a full pipe would block the browser
  try {
    const browser = await chromium.connectOverCDP(address ?? 'no address', { noDefaults: true, timeout: 10_000 });
    const [context] = browser.contexts();
    if (context) return { context, end };
  } catch (error) {
    console.log(`no response from the second browser: ${error}`);
  }
  await end();
  return null;
}

export const test = base.extend(fixtures);

/** @param {Page} page @param {'visible' | 'hidden'} wanted */
export async function waitVisibility(page, wanted) {
  await expect.poll(() => page.evaluate(() => document.visibilityState)).toBe(wanted);
}
