/**
 * Help: the keys, the marks, and what the figures mean.
 *
 * @typedef {import('./keys.js').KeyMap} KeyMap
 */
import { h } from './dom.js';

/** @type {[string, string][]} */
const MARKS = [
  ['■ ▲ ●', 'a response with messages: polling, long polling, WebSocket; the number is its version'],
  ['○', 'a response without messages'],
  ['thick bar', 'a request that the server holds'],
  ['⟲', 'stale: an older response arrived after a newer one'],
  ['✕ ⧖', 'an error; a time-out'],
  ['hatched', 'the simulated network is down'],
  ['grey', 'the tab was hidden; this time is not measured'],
];

const FIGURES =
  'Latency is first visible minus published. Messages of this page are measured by its own clock; ' +
  'those of other clients by the server’s clock, and ± is the largest possible error. Quantiles are ' +
  'measured values. The server counts the bytes, including headers and frames. In the ladder diagrams ' +
  'unknown travel time is split equally between both directions.';

/** @param {KeyMap} keys @param {{ on: boolean }} setting */
export function mountHelp(keys, setting) {
  const toggle = h('input', {
    'type': 'checkbox',
    'checked': true,
    'data-testid': 'keys-on',
    'onchange': () => (setting.on = toggle.checked),
  });
  const close = h('button', { 'class': 'secondary', 'aria-label': 'Close help' }, 'Close');
  return h(
    'dialog',
    { 'class': 'help', 'aria-label': 'Help', 'data-testid': 'help-dialog' },
    h('form', { method: 'dialog' }, close),
    h('h2', {}, 'Keys'),
    h('label', {}, toggle, ' keyboard shortcuts'),
    definitionList(keysByMeaning(keys).map(([what, names]) => [names.map((name) => h('kbd', {}, name)), what])),
    h('h2', {}, 'Marks'),
    definitionList(MARKS.map(([mark, what]) => [[mark], what])),
    h('h2', {}, 'Figures'),
    h('p', {}, FIGURES),
  );
}

/** @param {KeyMap} keys @returns {[string, string[]][]} */
function keysByMeaning(keys) {
  /** @type {Map<string, string[]>} */
  const byMeaning = new Map();
  for (const [key, { what }] of Object.entries(keys)) {
    const name = key === ' ' ? 'Space' : key.length === 1 ? key.toUpperCase() : key;
    byMeaning.set(what, [...(byMeaning.get(what) ?? []), name]);
  }
  return [...byMeaning];
}

/** @param {[(Node | string)[], string][]} entries terms and their meaning */
function definitionList(entries) {
  const items = entries.map(([terms, what]) =>
    h('div', {}, h('dt', {}, ...terms), h('dd', {}, what)),
  );
  return h('dl', {}, ...items);
}
