/**
 * The keyboard commands. Ignored in text fields, and where a key has its own meaning; the help
 * has a switch that turns them off.
 *
 * @typedef {{ group: string, keys: string[], what: string, run: () => void }} KeyCommand
 *   `keys` as in `KeyboardEvent.key`, letters in lower case; `Shift+` requires that key.
 */

/** These close the help. */
const CLOSING_KEYS = ['?', 'PageDown', 'PageUp'];

/** @param {KeyCommand[]} commands @param {() => boolean} isOn */
export function listenToKeys(commands, isOn) {
  const map = new Map(commands.flatMap(({ keys, run }) => keys.map((key) => [key, run])));
  // A click leaves the focus in a list, where the next key would choose another entry, or on a
  // lesson, where the space bar would select it again.
  let isPointed = false;
  addEventListener('pointerdown', () => (isPointed = true));
  addEventListener('keydown', () => (isPointed = false), { capture: true });
  addEventListener('change', ({ target }) => {
    if (isPointed && target instanceof HTMLSelectElement) target.blur();
  });
  addEventListener('click', ({ target }) => {
    const lesson = target instanceof Element ? target.closest('.presets button') : null;
    if (isPointed && lesson instanceof HTMLElement) lesson.blur();
  });
  addEventListener('keydown', (event) => {
    if (!isOn() || isShortcut(event)) return;
    if (event.repeat && !event.key.startsWith('Arrow')) return; // a key that is held down
    const dialog = document.querySelector('dialog[open]');
    if (dialog instanceof HTMLDialogElement) return keyInDialog(dialog, event);
    const target = /** @type {HTMLElement | null} */ (event.target);
    if (event.key === 'Escape') leaveField(target);
    else if (isTaken(target, event.key)) return;
    const isButton = target?.closest('button, a, summary');
    if (isButton && (event.key === 'Enter' || event.key === ' ')) return;
    const command = commandOf(map, event);
    if (!command) return;
    event.preventDefault();
    command();
  });
}

/** Whether a key has a meaning of its own where the focus is. A remote control sends the page
 * keys, wherever the focus is: they have one in a long text only.
 * @param {HTMLElement | null} target @param {string} key */
function isTaken(target, key) {
  const isPageKey = key === 'PageDown' || key === 'PageUp';
  const owners = isPageKey ? 'textarea' : 'input, select, textarea, [role="tablist"]';
  return Boolean(target?.closest(owners));
}

/** Escape leaves a field, so that the next key is a command. @param {HTMLElement | null} target */
function leaveField(target) {
  if (target?.closest('input, select, textarea')) target.blur();
}

/** In an open dialog no key is a command: it would change what is behind it. The key that opened
 * it and those of a remote control close it; Escape closes it by itself.
 * @param {HTMLDialogElement} dialog @param {KeyboardEvent} event */
function keyInDialog(dialog, event) {
  if (!CLOSING_KEYS.includes(event.key)) return;
  event.preventDefault();
  dialog.close();
}

/** Letters are commands in either case; with Shift some have another one.
 * @param {Map<string, () => void>} map @param {KeyboardEvent} event */
function commandOf(map, { key, shiftKey }) {
  if (key.length > 1) return map.get(key);
  const lower = key.toLowerCase();
  return (shiftKey ? map.get(`Shift+${lower}`) : undefined) ?? map.get(lower);
}

/**
 * Whether the browser or the system may mean something by it. AltGr and Option are no shortcut
 * where they only type: on a German keyboard, [ is AltGr+8, or Option+5.
 *
 * @param {KeyboardEvent} event
 */
export function isShortcut(event) {
  const altGraph = event.getModifierState('AltGraph'); // Windows adds Ctrl and Alt to AltGr
  const isSymbol = /^[\p{P}\p{S}]$/u.test(event.key);
  if (event.metaKey || (event.ctrlKey && !altGraph)) return true;
  return event.altKey && !altGraph && !isSymbol;
}
