/**
 * The page's themes: dark or light, and the projector mode. Their keys are those of the lessons.
 *
 * @typedef {import('../keys.js').KeyCommand} KeyCommand
 */
import { h } from '../dom.js';

/** Two buttons. @returns {{ elements: HTMLElement[], keys: KeyCommand[] }} */
export function mountThemes() {
  const root = document.documentElement;
  const prefersDark = matchMedia('(prefers-color-scheme: dark)');
  const isDark = () => (root.dataset.theme ? root.dataset.theme === 'dark' : prefersDark.matches);
  const dark = toggleButton('Dark', 'D', 'decide-dark', isDark, (on) => {
    root.dataset.theme = on ? 'dark' : 'light';
  });
  const projector = toggleButton('Projector', 'L', 'decide-projector', () => 'projector' in root.dataset, (on) => {
    if (on) root.dataset.projector = 'on';
    else delete root.dataset.projector;
  });
  const keyOf = (/** @type {string} */ key, /** @type {string} */ what, /** @type {HTMLElement} */ button) =>
    ({ group: 'Show', keys: [key], what, run: () => button.click() });
  return {
    elements: [projector, dark],
    keys: [keyOf('l', 'projector', projector), keyOf('d', 'dark, light', dark)],
  };
}

/** @param {string} name @param {string} key @param {string} testId @param {() => boolean} isOn
 *  @param {(on: boolean) => void} set */
function toggleButton(name, key, testId, isOn, set) {
  const button = h(
    'button',
    {
      'class': 'secondary',
      'title': `${name} (${key})`,
      'data-testid': testId,
      'onclick': () => {
        set(!isOn());
        button.setAttribute('aria-pressed', String(isOn()));
      },
    },
    name,
  );
  button.setAttribute('aria-pressed', String(isOn()));
  return button;
}
