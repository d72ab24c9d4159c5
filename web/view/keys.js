/**
 * The keys: one for each lesson and each view. Ignored while something is typed, and where a
 * key has a meaning of its own; one switch turns them off.
 *
 * @typedef {Record<string, { what: string, run: (event: KeyboardEvent) => void }>} KeyMap
 */

/** @param {KeyMap} map @param {() => boolean} isOn */
export function listenToKeys(map, isOn) {
  addEventListener('keydown', (event) => {
    if (!isOn() || event.ctrlKey || event.metaKey || event.altKey) return;
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
