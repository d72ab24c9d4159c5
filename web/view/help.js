/**
 * Help: the commands with their keys, the marks, and what the figures mean.
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

/** Keys that are named otherwise than by their value. @type {Record<string, string>} */
const KEY_NAMES = { ' ': 'Space', 'ArrowLeft': '←', 'ArrowRight': '→' };

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
  const dialog = h(
    'dialog',
    { 'class': 'help', 'aria-label': 'Help', 'data-testid': 'help-dialog' },
    h('form', { method: 'dialog' }, close),
    h('h2', {}, 'Commands'),
    h('label', {}, toggle, 'keyboard shortcuts'),
    h('p', {}, h('a', { href: '/?decide=1' }, 'Which one should I take?')),
    commandList(keys, () => dialog.close()),
    h('h2', {}, 'Marks'),
    definitionList(MARKS.map(([mark, what]) => [[mark], what])),
    h('h2', {}, 'Figures'),
    h('p', {}, FIGURES),
  );
  return dialog;
}

/**
 * The commands, each once with the names of its keys.
 * @param {KeyMap} keys
 */
function commandsOf(keys) {
  /** @type {Map<string, { what: string, names: string[], run: () => void }>} */
  const commands = new Map();
  for (const [key, { what, run }] of Object.entries(keys)) {
    const name = KEY_NAMES[key] ?? (key.length === 1 ? key.toUpperCase() : key);
    const command = commands.get(what);
    if (command) command.names.push(name);
    else commands.set(what, { what, names: [name], run: () => run(new KeyboardEvent('keydown', { key })) });
  }
  return [...commands.values()];
}

/**
 * The keys and what they do: buttons, because not everybody has a keyboard.
 * @param {KeyMap} keys @param {() => void} close closes the help
 */
function commandList(keys, close) {
  return definitionList(
    commandsOf(keys).map(({ what, names, run }) => {
      const onclick = () => {
        close();
        run();
      };
      const button = h('button', { type: 'button', class: 'command', onclick }, what);
      return [names.map((name) => h('kbd', {}, name)), what === 'help' ? what : button];
    }),
  );
}

/** @param {[(Node | string)[], Node | string][]} entries terms and their meaning */
function definitionList(entries) {
  const items = entries.map(([terms, what]) =>
    h('div', {}, h('dt', {}, ...terms), h('dd', {}, what)),
  );
  return h('dl', {}, ...items);
}
