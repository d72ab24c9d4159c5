/**
 * Firefox, through WebDriver BiDi (https://w3c.github.io/webdriver-bidi/), which it serves on a
 * WebSocket. Not with Puppeteer or Playwright: the tests need six commands, and the former brings
 * many packages, the latter requires a Firefox of its own.
 *
 * @typedef {import('./browser.js').Browser} Browser
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { COMMAND_TIMEOUT_MS, VIEWPORT, keyActions } from './browser.js';
import { start, stop, waitForLine } from '../processes.js';

const PROGRAM = process.env.FIREFOX ?? 'firefox-esr';

/** No first-run pages, no updates, and no requests but those of the tests. */
const PREFERENCES = {
  'app.update.enabled': false,
  'browser.aboutwelcome.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'toolkit.telemetry.enabled': false,
};

/** @returns {Promise<Browser>} */
export async function startFirefox() {
  const profile = createProfile();
  const program = await start(
    PROGRAM,
    ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port', '0'],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const address = await waitForLine(program.stderr, /BiDi listening on (ws:\S+)/);
  const connection = await connect(`${address}/session`);
  return {
    ...(await openSession(connection)),
    close: () => stop(program),
  };
}

function createProfile() {
  const profile = mkdtempSync(join(tmpdir(), 'trifold-firefox-'));
  process.once('exit', () => rmSync(profile, { recursive: true, force: true }));
  const lines = Object.entries(PREFERENCES).map(([name, value]) => `user_pref("${name}", ${value});\n`);
  writeFileSync(join(profile, 'user.js'), lines.join(''));
  return profile;
}

/** @param {Connection} connection */
async function openSession({ send, logged }) {
  await send('session.new', { capabilities: {} });
  await send('session.subscribe', { events: ['log.entryAdded'] });
  const { contexts } = await send('browsingContext.getTree', {});
  const { context } = contexts[0];
  await send('browsingContext.setViewport', { context, viewport: VIEWPORT });
  return {
    /** @param {string} url */
    async open(url) {
      logged.length = 0;
      await send('browsingContext.navigate', { context, url, wait: 'complete' });
    },
    /** @param {string} expression */
    async evaluate(expression) {
      const script = { expression: `JSON.stringify(${expression})`, target: { context }, awaitPromise: true };
      const { result, exceptionDetails } = await send('script.evaluate', script);
      if (exceptionDetails) throw new Error(exceptionDetails.text);
      return result.value === undefined ? undefined : JSON.parse(result.value);
    },
    /** @param {string} key */
    async press(key) {
      await send('input.performActions', { context, actions: keyActions(key) });
    },
    errors: async () => logged.filter(({ type }) => type === 'javascript').map(({ text }) => text),
  };
}

/**
 * @typedef {object} Connection
 * @property {(method: string, params: object) => Promise<any>} send sends a command; its result
 * @property {{ type: string, text: string }[]} logged the errors in the browser's console
 */

/** @param {string} url @returns {Promise<Connection>} */
async function connect(url) {
  const socket = new WebSocket(url);
  await once(socket, 'open');
  /** @type {Map<number, (reply: any) => void>} */
  const pending = new Map();
  /** @type {Connection['logged']} */
  const logged = [];
  let lastId = 0;
  socket.on('message', (data) => {
    const { id, ...received } = JSON.parse(String(data));
    pending.get(id)?.(received);
    pending.delete(id);
    if (received.method === 'log.entryAdded' && received.params.level === 'error') logged.push(received.params);
  });
  return {
    logged,
    async send(method, params) {
      const id = ++lastId;
      socket.send(JSON.stringify({ id, method, params }));
      const { type, result, message } = await new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`${method}: no reply`)), COMMAND_TIMEOUT_MS);
        pending.set(id, (reply) => {
          clearTimeout(timer);
          resolve(reply);
        });
      });
      if (type === 'error') throw new Error(`${method}: ${message}`);
      return result;
    },
  };
}
