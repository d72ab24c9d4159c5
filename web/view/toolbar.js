/**
 * The toolbar: lessons, the simulated network, and the start button.
 *
 * @typedef {import('../model/presets.js').Preset} Preset
 * @typedef {import('../session/lab.js').Lab} Lab
 *
 * @typedef {object} ToolbarHooks
 * @property {(preset: Preset | null) => void} selectPreset
 * @property {() => void} toggle
 * @property {() => void} reset
 * @property {() => void} help
 */
import { networkText } from '../model/network.js';
import { RUN_MS, presets } from '../model/presets.js';
import { h, setText } from './dom.js';

/** @param {Lab} lab @param {ToolbarHooks} hooks */
export function mountToolbar(lab, { selectPreset, toggle, reset, help }) {
  const nav = mountPresetNav(selectPreset);
  const badge = h('span', { 'class': 'badge', 'data-testid': 'injected' });
  const seed = h('span', { class: 'seed' });
  const online = h('span', { 'class': 'online-count', 'data-testid': 'here' });
  const startButton = h('button', { 'class': 'start', 'data-testid': 'toggle', 'onclick': toggle });
  return {
    nav: nav.element,
    controls: [
      badge,
      seed,
      online,
      pageLink('Apps', '/?app=chat', 'A chat, a board and a document'),
      pageLink('Decide', '/?decide=1', 'Which one should I take?'),
      h('button', { 'class': 'secondary', 'data-testid': 'help', 'aria-label': 'Help', 'onclick': help }, '?'),
      h('button', { 'class': 'secondary', 'data-testid': 'reset', 'onclick': reset }, 'Reset'),
      startButton,
    ],
    draw() {
      const { settings, connection } = lab;
      nav.draw(settings.preset);
      const injected = injectedText(lab);
      badge.hidden = injected === '';
      setText(badge, `injected: ${injected}`);
      seed.hidden = settings.preset === null;
      setText(seed, `seed ${settings.seed}`);
      online.hidden = connection.online === 0;
      setText(online, connection.control.open ? `● ${connection.online} online` : '○ not connected');
      setText(startButton, lab.running ? `Stop${remainingText(lab)}` : 'Start');
    },
  };
}

/** Another page of this server. @param {string} name @param {string} href @param {string} title */
function pageLink(name, href, title) {
  return h('a', { 'class': 'secondary', href, title, 'data-testid': `${name.toLowerCase()}-link` }, name);
}

/** @param {(preset: Preset | null) => void} select */
function mountPresetNav(select) {
  const freeModeButton = h(
    'button',
    { 'data-testid': 'preset-free', 'onclick': () => select(null) },
    'Free',
  );
  const buttons = presets.map((preset) =>
    h(
      'button',
      { 'data-testid': `preset-${preset.id}`, 'onclick': () => select(preset) },
      h('kbd', {}, preset.key),
      preset.name,
    ),
  );
  return {
    element: h(
      'nav',
      { 'class': 'presets', 'aria-label': 'Lessons', 'tabindex': '-1' },
      freeModeButton,
      ...buttons,
    ),
    /** @param {Preset | null} selected */
    draw(selected) {
      freeModeButton.setAttribute('aria-pressed', String(selected === null));
      for (const [index, button] of buttons.entries()) {
        button.setAttribute('aria-pressed', String(presets[index] === selected));
      }
    },
  };
}

/** How much of a preset's run remains. @param {Lab} lab */
function remainingText({ settings, timeline: { pageStats } }) {
  if (!settings.preset || settings.preset.antipatterns || !pageStats.startedAt) return '';
  const remaining = Math.max(0, RUN_MS - (performance.now() - pageStats.startedAt));
  return ` · ${Math.ceil(remaining / 1000)} s`;
}

/** The simulated network in words; empty without simulation. @param {Lab} lab */
function injectedText({ settings, connection: { link, server, control } }) {
  const { preset } = settings;
  if (link.down) return 'no network';
  const injected = preset ? preset.injected : freeNetworkText(settings);
  if (!injected || server.labEnabled === null) return '';
  if (!server.labEnabled) return 'nothing, the lab is disabled';
  return preset?.outage && !control.open ? 'nothing, WebSockets are blocked' : injected;
}

/** The networks of the panes; one, if all have the same. @param {Lab['settings']} settings */
function freeNetworkText({ network, paneNetworks }) {
  const single = Object.entries(paneNetworks).map(
    ([pane, ofPane]) => `${pane}: ${networkText(ofPane) || 'no delay'}`,
  );
  return [networkText(network), ...single].filter(Boolean).join('; ');
}
