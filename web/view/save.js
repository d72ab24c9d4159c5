/** Saves a file that the page has generated. */
import { h } from './dom.js';

/** How long the browser may take to start the download. */
const REVOKE_MS = 10_000;

/** @param {string} name @param {string} type @param {string} content */
export function save(name, type, content) {
  const url = URL.createObjectURL(new Blob([content], { type }));
  h('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), REVOKE_MS);
}
