/**
 * The top bar: which lesson, what is injected, and the switch.
 *
 * @typedef {import('../session/lab.js').Lab} Lab
 * @typedef {import('../model/presets.js').Preset} Preset
 */
import { RUN_MS, presets } from '../model/presets.js';
import { h, setText } from './dom.js';

/**
 * @param {Lab} lab
 * @param {object} hooks
 * @param {(preset: Preset | null) => void} hooks.choose
 * @param {() => void} hooks.toggle
 * @param {() => void} hooks.reset
 * @param {() => void} hooks.help
 */
export function mountBar(lab, { choose, toggle, reset, help }) {
  const free = h('button', { 'data-testid': 'preset-free', 'onclick': () => choose(null) }, 'Free');
  const buttons = presets.map((preset) => ({
    preset,
    button: h(
      'button',
      { 'data-testid': `preset-${preset.id}`, 'onclick': () => choose(preset) },
      h('kbd', {}, preset.key),
      preset.name,
    ),
  }));
  const badge = h('span', { 'class': 'badge', 'data-testid': 'injected' });
  const seed = h('span', { class: 'seed' });
  const here = h('span', { 'class': 'here', 'data-testid': 'here' });
  const go = h('button', { 'class': 'go', 'data-testid': 'toggle', 'onclick': toggle });
  const nav = h(
    'nav',
    { 'class': 'presets', 'aria-label': 'Lessons', 'tabindex': '-1' },
    free,
    ...buttons.map(({ button }) => button),
  );

  return {
    nav,
    controls: [
      badge,
      seed,
      here,
      h('button', { 'class': 'quiet', 'data-testid': 'help', 'aria-label': 'Help', 'onclick': help }, '?'),
      h('button', { 'class': 'quiet', 'data-testid': 'reset', 'onclick': reset }, 'Reset'),
      go,
    ],
    draw() {
      const { preset } = lab;
      free.setAttribute('aria-pressed', String(preset === null));
      for (const { preset: own, button } of buttons) {
        button.setAttribute('aria-pressed', String(own === preset));
      }
      const injected = injectedWords(lab);
      badge.hidden = injected === '';
      setText(badge, `injected: ${injected}`);
      seed.hidden = preset === null;
      setText(seed, `seed ${lab.seed}`);
      here.hidden = lab.here === 0;
      setText(here, `● ${lab.here} here`);
      const left = Math.max(0, RUN_MS - (performance.now() - lab.startedAt));
      const rest = preset && lab.startedAt ? ` · ${Math.ceil(left / 1000)} s` : '';
      setText(go, lab.running ? `Stop${rest}` : 'Start');
    },
  };
}

/** What is done to the network, in words; empty where nothing is. @param {Lab} lab */
function injectedWords({ preset, linkDown, hasLab, hasChannel }) {
  if (linkDown) return 'no network';
  if (!preset?.injected || hasLab === null) return '';
  if (!hasLab) return 'nothing, the lab is off';
  return preset.outage && !hasChannel ? 'nothing, no WebSocket gets through' : preset.injected;
}
