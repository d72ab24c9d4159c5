/**
 * A browser as people have it: its tabs share a window, and of those only one is visible.
 * Playwright keeps every page of its own browsers visible, by emulating focus, and none of
 * them for back and forward; no command to the page undoes that. So this browser is started
 * beside it.
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
      // A browser that has just begun may take a connection and never answer: another one, then.
      let own = null;
      for (let attempt = 0; attempt < 3 && !own; attempt++) own = await startBeside(launchOptions);
      if (!own) return info.skip(true, 'no browser beside the first one answers on this machine');
      const errors = errorsOf(own.context);
      await use(own.context);
      await own.end();
      expect(errors).toEqual([]);
    },
    { timeout: 90_000 },
  ],
};

/**
 * Starts a browser and connects with it; `null` when it does not answer.
 * @param {import('@playwright/test').LaunchOptions} options
 */
async function startBeside({ executablePath = 'chromium', args = [] }) {
  const home = await mkdtemp(join(tmpdir(), 'trifold-'));
  const own = ['--headless', '--window-size=1366,900', '--remote-debugging-port=0', `--user-data-dir=${home}`];
  const program = spawn(executablePath, [...args, ...own], { stdio: ['ignore', 'ignore', 'pipe'] });
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
  program.stderr.resume(); // or what it goes on saying would block it
  try {
    const browser = await chromium.connectOverCDP(address ?? 'no address', { noDefaults: true, timeout: 10_000 });
    const [context] = browser.contexts();
    if (context) return { context, end };
  } catch (error) {
    console.log(`no answer from the browser beside: ${error}`);
  }
  await end();
  return null;
}

export const test = base.extend(fixtures);

/** @param {Page} page @param {'visible' | 'hidden'} wanted */
export async function becomes(page, wanted) {
  await expect.poll(() => page.evaluate(() => document.visibilityState)).toBe(wanted);
}
