/**
 * What the tests need of a browser, and what its drivers share.
 *
 * @typedef {object} Browser
 * @property {(url: string) => Promise<void>} open loads a page
 * @property {(expression: string) => Promise<any>} evaluate an expression in the page; its value, as JSON
 * @property {(key: string) => Promise<void>} press a key: its character, or its name in KEYS
 * @property {() => Promise<string[]>} errors that no code of the page has caught since `open`
 * @property {() => Promise<void>} close ends the browser
 */

/** As in playwright.config.js. */
export const VIEWPORT = { width: 1366, height: 768 };

/** How long a command may take. Not a time-out of node:test: after that a test would run on, into the next one. */
export const COMMAND_TIMEOUT_MS = 30_000;

/** https://www.w3.org/TR/webdriver2/#keyboard-actions
 *  @type {Record<string, string>} */
const KEYS = { PageDown: '\uE00F' };

/** A pressed and released key, as WebDriver and WebDriver BiDi have it. @param {string} key */
export function keyActions(key) {
  const value = KEYS[key] ?? key;
  const actions = [{ type: 'keyDown', value }, { type: 'keyUp', value }];
  return [{ type: 'key', id: 'keyboard', actions }];
}
