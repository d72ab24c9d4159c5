/**
 * WebKitGTK's MiniBrowser, through WebDriver (https://www.w3.org/TR/webdriver2/): HTTP requests to
 * WebKitWebDriver. It has no headless mode, so it gets a display of its own.
 *
 * @typedef {import('./browser.js').Browser} Browser
 */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { COMMAND_TIMEOUT_MS, VIEWPORT, keyActions } from './browser.js';
import { start, stop, waitForLine } from '../processes.js';

const PROGRAM = process.env.WEBKIT_DRIVER ?? 'WebKitWebDriver';

/** WebDriver reports no errors of a page, so the page records them, from the moment it is loaded.
 *  One from before leaves the page without its lab, and the tests fail. */
const RECORD_ERRORS = `
  window.uncaught = [];
  addEventListener('error', ({ message }) => uncaught.push(message));
  addEventListener('unhandledrejection', ({ reason }) => uncaught.push(String(reason)));`;

/** @returns {Promise<Browser>} */
export async function startWebKit() {
  const screen = `${VIEWPORT.width}x${VIEWPORT.height}x24`;
  const xvfb = await start('Xvfb', ['-displayfd', '3', '-screen', '0', screen, '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const display = await waitForLine(xvfb.stdio[3], /^(\d+)/);
  const port = await freePort();
  const driver = await start(PROGRAM, [`--port=${port}`], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DISPLAY: `:${display}`, GDK_BACKEND: 'x11', NO_AT_BRIDGE: '1' },
  });
  const url = `http://127.0.0.1:${port}`;
  await waitUntilReady(url);
  const { sessionId } = await send('POST', `${url}/session`, { capabilities: {} });
  const session = `${url}/session/${sessionId}`;
  await send('POST', `${session}/window/rect`, { x: 0, y: 0, ...VIEWPORT });
  return {
    ...commandsOf(session),
    async close() {
      await send('DELETE', session).finally(() => stop(driver)).finally(() => stop(xvfb));
    },
  };
}

/** @param {string} session its URL */
function commandsOf(session) {
  /** @param {string} script a function's body */
  const execute = (script) => send('POST', `${session}/execute/sync`, { script, args: [] });
  return {
    /** @param {string} url */
    async open(url) {
      await send('POST', `${session}/url`, { url });
      await execute(RECORD_ERRORS);
    },
    /** @param {string} expression */
    evaluate: (expression) => execute(`return ${expression}`),
    /** @param {string} key */
    press: (key) => send('POST', `${session}/actions`, { actions: keyActions(key) }),
    errors: () => execute('return window.uncaught'),
  };
}

/** @param {'POST' | 'DELETE'} method @param {string} url @param {object} [body] */
async function send(method, url, body) {
  const response = await fetch(url, {
    method,
    body: body && JSON.stringify(body),
    signal: AbortSignal.timeout(COMMAND_TIMEOUT_MS),
  });
  const { value } = /** @type {any} */ (await response.json());
  if (!response.ok) throw new Error(`${method} ${url}: ${value.error}: ${value.message}`);
  return value;
}

/** The driver neither chooses a port nor says when it listens. */
async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  server.close();
  await once(server, 'close');
  return port;
}

/** @param {string} url */
async function waitUntilReady(url) {
  const deadline = performance.now() + 10_000;
  for (;;) {
    try {
      return await fetch(`${url}/status`);
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await sleep(20);
    }
  }
}
