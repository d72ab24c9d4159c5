/**
 * The keyboard commands. Ignored in text fields, and where a key has its own meaning; the help
 * has a switch that turns them off.
 *
 * @typedef {Record<string, { what: string, run: (event: KeyboardEvent) => void }>} KeyMap
 */

/** @param {KeyMap} map @param {() => boolean} isOn */
export function listenToKeys(map, isOn) {
  addEventListener('keydown', (event) => {
    if (!isOn() || event.ctrlKey || event.metaKey || event.altKey) return;
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
