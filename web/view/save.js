/** Saves a file of this page's own. */
import { h } from './dom.js';

/** How long the browser may take to begin, in milliseconds. */
const BEGUN_WITHIN = 10_000;

/** @param {string} name @param {string} type @param {string} content */
export function save(name, type, content) {
  const url = URL.createObjectURL(new Blob([content], { type }));
  h('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), BEGUN_WITHIN);
}
