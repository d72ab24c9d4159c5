/**
 * The keyboard commands. Ignored in text fields, and where a key has its own meaning; the help
 * has a switch that turns them off.
 *
 * @typedef {Record<string, { what: string, run: (event: KeyboardEvent) => void }>} KeyMap
 */

/** @param {KeyMap} map @param {() => boolean} isOn */
export function listenToKeys(map, isOn) {
  addEventListener('keydown', (event) => {
    if (!isOn() || isShortcut(event)) return;
    if (event.repeat && !event.key.startsWith('Arrow')) return; // a key that is held down
    const target = /** @type {HTMLElement | null} */ (event.target);
    if (target?.closest('input, select, textarea, dialog, [role="tablist"]')) return;
    const isButton = target?.closest('button:not(.presets button), a, summary');
    if (isButton && (event.key === 'Enter' || event.key === ' ')) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const command = map[key];
    if (!command) return;
    event.preventDefault();
    command.run(event);
  });
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
