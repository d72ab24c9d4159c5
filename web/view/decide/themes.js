/** The page's themes: dark or light, and the projector mode. */
import { h } from '../dom.js';

/** @returns {HTMLElement[]} two buttons */
export function mountThemes() {
  const root = document.documentElement;
  const prefersDark = matchMedia('(prefers-color-scheme: dark)');
  const isDark = () => (root.dataset.theme ? root.dataset.theme === 'dark' : prefersDark.matches);
  const dark = toggleButton('Dark', 'decide-dark', isDark, (on) => {
    root.dataset.theme = on ? 'dark' : 'light';
  });
  const projector = toggleButton('Projector', 'decide-projector', () => 'projector' in root.dataset, (on) => {
    if (on) root.dataset.projector = 'on';
    else delete root.dataset.projector;
  });
  return [projector, dark];
}

/** @param {string} name @param {string} testId @param {() => boolean} isOn
 *  @param {(on: boolean) => void} set */
function toggleButton(name, testId, isOn, set) {
  const button = h(
    'button',
    {
      'class': 'secondary',
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
