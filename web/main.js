/** The page: connects the lab with its views. */
import { sharedTextOf } from './model/events.js';
import { durationText } from './model/format.js';
import { createPlayback } from './model/playback.js';
import { presetOf, presets } from './model/presets.js';
import { latencySummary } from './model/stats.js';
import { createKeptRuns } from './session/kept.js';
import { createLab } from './session/lab.js';
import { createSelection } from './session/selection.js';
import { watchServerUsage } from './session/server-usage.js';
import { stateOf } from './session/state.js';
import { mountAntipatterns } from './view/antipatterns.js';
import { mountBanner } from './view/banner.js';
import { createCommands } from './view/commands.js';
import { mountComparison } from './view/comparison.js';
import { mountComposer } from './view/composer.js';
import { mountDistribution } from './view/distribution.js';
import { h } from './view/dom.js';
import { spokenText } from './view/followed.js';
import { mountHelp } from './view/help.js';
import { mountInvitation } from './view/invitation.js';
import { keyMapOf } from './view/key-map.js';
import { listenToKeys } from './view/keys.js';
import { KIND_LABELS } from './view/kinds.js';
import { mountLegend } from './view/legend.js';
import { mountLesson } from './view/lesson.js';
import { mountLogStrip } from './view/log-strip.js';
import { mountNetworkPanel } from './view/network-panel.js';
import { mountPane } from './view/pane.js';
import { createRenderLoop } from './view/render-loop.js';
import { createRenderer } from './view/renderer.js';
import { mountServerCost } from './view/server-cost.js';
import { mountStatus } from './view/status.js';
import { mountTabs } from './view/tabs.js';
import { gapText } from './view/ticker.js';
import { mountToolbar } from './view/toolbar.js';

/**
 * @typedef {import('./model/events.js').Receipt} Receipt
 * @typedef {import('./model/presets.js').Preset} Preset
 * @typedef {import('./model/types.js').Message} Message
 */

/** How often the figures below the panes are drawn. */
const SUMMARY_INTERVAL_MS = 500;

const params = new URLSearchParams(location.search);
const root = document.documentElement;
const settings = { keys: { on: true }, model: true };

// Lab

const { element: statusLine, announce, readAloud } = mountStatus();
const antipatterns = mountAntipatterns();
const invalidate = () => renderLoop.invalidate();
const lab = createLab({
  onHistory: showHistory,
  onChange: invalidate,
  onRejected: (reason) => views.composer.showError(reason),
  onReceipt: showReceipt,
  runAntipatterns: antipatterns.run,
});
const playback = createPlayback(lab.timeline, () => lab.running, invalidate);
const kept = createKeptRuns();
const selection = createSelection(lab, invalidate, () => readAloud(spokenText(lab, selection)));
const commands = createCommands({
  lab,
  playback,
  kept,
  selection,
  announce,
  readAloud,
  clearPanes: () => {
    for (const pane of views.panes) pane.clear();
    root.dataset.preset = lab.settings.preset?.id ?? 'free';
  },
  onChange: () => {
    invalidate();
    renderer.drawSummary();
  },
});

// Views

const panes = lab.panes.map(({ id, subscriber }) => mountPane(id, subscriber, selection.select));
const networkPanel = mountNetworkPanel(lab, commands.toggleLink, toggleNetwork);
const invitation = mountInvitation(() => commands.select(presets[0] ?? null));
const serverCost = mountServerCost();
const views = {
  banner: mountBanner(playback, lab),
  comparison: mountComparison(),
  composer: mountComposer(lab, announce, toggleNetwork, [networkPanel.element, invitation.element]),
  invitation,
  networkPanel,
  distribution: mountDistribution(),
  legend: mountLegend(),
  lesson: mountLesson(),
  logStrip: mountLogStrip(selection.select),
  panes,
  tabs: mountTabs(panes.map(tabOf)),
  toolbar: mountToolbar(lab, {
    selectPreset: commands.run,
    toggle: commands.toggle,
    reset: commands.reset,
    help: () => help.showModal(),
  }),
};
const renderer = createRenderer({ lab, playback, beats: commands.beats, kept, selection, settings }, views);
const renderLoop = createRenderLoop(playback, {
  draw: renderer.draw,
  move: renderer.move,
  isAnimating: () => playback.moving,
});

/** @param {typeof panes[number]} pane */
function tabOf(pane) {
  const figure = () => durationText(latencySummary(lab.timeline.stats(pane.id).segment).p50);
  return {
    id: pane.id,
    element: pane.element,
    kind: () => pane.kind,
    label: () => ({ ...KIND_LABELS[pane.kind], figure: figure() }),
  };
}

/** A lesson shows the messages of its own run only. @param {Message[]} messages from before the start */
function showHistory(messages) {
  for (const pane of panes) pane.showHistory(lab.settings.preset ? [] : messages);
  const text = sharedTextOf(messages);
  if (text) views.composer.showText(text);
}

/** @param {Receipt} receipt */
function showReceipt({ messages, gap }) {
  if (gap) announce(gapText(gap));
  if (gap?.gap.reason === 'epoch') views.composer.forgetVersion();
  const text = sharedTextOf(messages);
  if (text) views.composer.showText(text);
}

// Keys

function toggleNetwork() {
  commands.toggleNetwork();
  networkPanel.moveFocus();
  invalidate();
}

function toggleModel() {
  settings.model = !settings.model;
  invalidate();
  renderer.drawSummary();
}

const keys = keyMapOf({ ...commands, toggleNetwork }, playback, toggleModel, () => help.showModal());
const help = mountHelp(keys, settings.keys);
listenToKeys(keys, () => settings.keys.on);

// Start

document.querySelector('.top')?.append(views.toolbar.nav, ...views.toolbar.controls);
document.querySelector('main')?.append(
  views.banner.element,
  views.lesson.element,
  views.logStrip.element,
  views.composer.element,
  views.tabs.element,
  ...panes.map(({ element }) => element),
  antipatterns.element,
  views.legend.element,
  h('footer', {}, views.distribution.element, views.comparison.element, serverCost.element),
);
document.body.append(help, statusLine);

const requestedPanes = panes.filter(({ id }) => params.get('panes')?.split(',').includes(id));
const visiblePanes = requestedPanes.length > 0 ? requestedPanes : panes;
for (const pane of panes) pane.element.hidden = !visiblePanes.includes(pane);
root.dataset.panes = String(visiblePanes.length);

lab.visibilityChanged();
const seed = Number(params.get('seed') ?? NaN);
if (Number.isSafeInteger(seed) && seed >= 0) lab.settings.seed = seed;
commands.select(presetOf(params.get('preset')));
if (params.has('jitter')) lab.addJitter(Number(params.get('jitter')));
lab.connection.server.connect().catch(() => {});
const autorun = params.get('autorun') ?? (lab.settings.preset ? '0' : '1');
if (autorun === '1') commands.start();

if (!isSecureContext) {
  announce('Loaded over plain HTTP: the browser may reduce the clock resolution and turn the screen off.');
}

setInterval(renderer.drawSummary, SUMMARY_INTERVAL_MS);
// Not in lessons: it takes one of the six connections for a moment.
watchServerUsage(() => !document.hidden && lab.settings.preset === null, serverCost.draw);

document.addEventListener('visibilitychange', lab.visibilityChanged);

// A page with an open socket is not kept in the back/forward cache. This one closes its
// sockets, is kept, and continues from its cursors when it is shown again.
let wasRunning = false;
addEventListener('pagehide', () => {
  wasRunning = lab.running;
  lab.disconnect();
});
addEventListener('pageshow', ({ persisted }) => {
  if (!persisted) return;
  lab.connection.server.connect().catch(() => {});
  if (wasRunning) commands.start();
});

Object.assign(window, { lab: { state: () => stateOf(lab, playback.paused, selection) } });
