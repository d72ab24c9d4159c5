/**
 * Help: the keys, the marks, and what the figures mean.
 *
 * @typedef {import('./keys.js').KeyMap} KeyMap
 */
import { h } from './dom.js';

/** @type {[string, string][]} */
const MARKS = [
  ['■ ▲ ●', 'an answer with news: polling, long polling, WebSocket; the number is its version'],
  ['○', 'an answer without news'],
  ['thick bar', 'the server holds a request'],
  ['⟲', 'an older answer arrived after a newer one: stale'],
  ['✕ ⧖', 'an error; no answer in time'],
  ['hatched', 'the network is made worse on purpose'],
  ['grey', 'the tab was hidden; what happened then is not measured'],
];

/** @param {KeyMap} keys @param {{ on: boolean }} setting */
export function mountHelp(keys, setting) {
  const toggle = h('input', {
    'type': 'checkbox',
    'checked': true,
    'data-testid': 'keys-on',
    'onchange': () => (setting.on = toggle.checked),
  });
  /** @type {Map<string, string[]>} */
  const byMeaning = new Map();
  for (const [key, { what }] of Object.entries(keys)) {
    byMeaning.set(what, [...(byMeaning.get(what) ?? []), key === ' ' ? 'Space' : key.length === 1 ? key.toUpperCase() : key]);
  }
  const element = h(
    'dialog',
    { 'class': 'help', 'aria-label': 'Help', 'data-testid': 'help-dialog' },
    h('form', { method: 'dialog' }, h('button', { 'class': 'quiet', 'aria-label': 'Close help' }, 'Close')),
    h('h2', {}, 'Keys'),
    h('label', {}, toggle, ' keys are on'),
    h(
      'dl',
      {},
      ...[...byMeaning].map(([what, own]) =>
        h('div', {}, h('dt', {}, ...own.map((key) => h('kbd', {}, key))), h('dd', {}, what)),
      ),
    ),
    h('h2', {}, 'Marks'),
    h('dl', {}, ...MARKS.map(([mark, what]) => h('div', {}, h('dt', {}, mark), h('dd', {}, what)))),
    h('h2', {}, 'Figures'),
    h(
      'p',
      {},
      'Latency is first visible minus published. What this page publishes is measured by its own clock; ' +
        'what others publish by the server’s, and ± says how far that may be off. Quantiles are values ' +
        'that were really measured. Bytes are counted by the server, headers and frames included. In the ' +
        'ladders, what is not known of a request’s way is drawn as half there, half back.',
    ),
  );
  return element;
}
