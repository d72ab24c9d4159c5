/**
 * Help: the commands with their keys, the marks, and what the figures mean.
 *
 * @typedef {import('./keys.js').KeyCommand} KeyCommand
 */
import { h } from './dom.js';

/** @type {[string, string][]} */
const MARKS = [
  ['■ ▲ ●', 'a response with messages: polling, long polling, WebSocket; the number is its version'],
  ['○', 'a response without messages'],
  ['thick bar', 'a request that the server holds'],
  ['⟲', 'stale: an older response arrived after a newer one'],
  ['✕', 'an error; an hourglass is a time-out'],
  ['hollow bar', 'a request that is queued in the browser'],
  ['hatched', 'the simulated network is down'],
  ['grey', 'the tab was hidden; this time is not measured'],
];

/** Keys that are named otherwise than by their value. @type {Record<string, string>} */
const KEY_NAMES = { ' ': 'Space', 'ArrowLeft': '←', 'ArrowRight': '→' };

const FIGURES =
  'Latency is first visible minus published. Messages of this page are measured by its own clock; ' +
  'those of other clients by the server’s clock, and ± is the largest possible error. Quantiles are ' +
  'measured values. The server counts the bytes, including headers and frames. In the ladder diagrams ' +
  'unknown travel time is split equally between both directions.';

/** @param {KeyCommand[]} commands @param {{ on: boolean }} setting */
export function mountHelp(commands, setting) {
  const toggle = h('input', {
    'type': 'checkbox',
    'checked': true,
    'data-testid': 'keys-on',
    'onchange': () => (setting.on = toggle.checked),
  });
  const close = h('button', { 'class': 'secondary', 'aria-label': 'Close help' }, 'Close');
  const groups = Map.groupBy(commands, ({ group }) => group);
  const dialog = h(
    'dialog',
    { 'class': 'help', 'aria-label': 'Help', 'data-testid': 'help-dialog' },
    h('form', { method: 'dialog' }, close),
    h('h2', {}, 'Commands'),
    h('p', {}, h('label', {}, toggle, ' keyboard shortcuts')),
    h('p', {}, h('a', { href: '/?decide=1' }, 'Which one should I take?')),
    h('p', {}, h('a', { href: '/?app=chat' }, 'A chat, a board and a document')),
    ...[...groups].flatMap(([name, list]) => [
      h('h3', {}, name),
      definitionList(list.map((command) => commandEntry(command, () => dialog.close()))),
    ]),
    h('h2', {}, 'Marks'),
    definitionList(MARKS.map(([mark, what]) => [[mark], what])),
    h('h2', {}, 'Figures'),
    h('p', {}, FIGURES),
  );
  return dialog;
}

/** The keys and what they do: a button, because not everybody has a keyboard.
 * @param {KeyCommand} command @param {() => void} close closes the help
 * @returns {[Node[], Node | string]} */
function commandEntry({ keys, what, run }, close) {
  const onclick = () => {
    close();
    run();
  };
  const button = h('button', { type: 'button', class: 'command', onclick }, what);
  return [keys.map((key) => h('kbd', {}, keyName(key))), what === 'help' ? what : button];
}

/** @param {string} key */
function keyName(key) {
  if (key.startsWith('Shift+')) return `Shift+${key.slice(6).toUpperCase()}`;
  return KEY_NAMES[key] ?? (key.length === 1 ? key.toUpperCase() : key);
}

/** @param {[(Node | string)[], Node | string][]} entries terms and their meaning */
function definitionList(entries) {
  const items = entries.map(([terms, what]) =>
    h('div', {}, h('dt', {}, ...terms), h('dd', {}, what)),
  );
  return h('dl', {}, ...items);
}
