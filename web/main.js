/** The page: connects the lab with its views. */
import { sharedTextOf } from './model/events.js';
import { durationText } from './model/format.js';
import { intervalsOf } from './model/intervals.js';
import { createPlayback } from './model/playback.js';
import { presetOf, presets } from './model/presets.js';
import { latencySummary } from './model/stats.js';
import { kindOf } from './model/types.js';
import { toCsv, toJson } from './session/export.js';
import { createLab } from './session/lab.js';
import { stateOf } from './session/state.js';
import { mountAntipatterns } from './view/antipatterns.js';
import { mountBanner } from './view/banner.js';
import { mountComparison } from './view/comparison.js';
import { mountComposer } from './view/composer.js';
import { mountDistribution } from './view/distribution.js';
import { h, setText } from './view/dom.js';
import { mountHelp } from './view/help.js';
import { listenToKeys } from './view/keys.js';
import { KIND_LABELS } from './view/kinds.js';
import { mountLogStrip, scheduleText } from './view/log-strip.js';
import { mountPane } from './view/pane.js';
import { createRenderLoop } from './view/render-loop.js';
import { save } from './view/save.js';
import { mountStatus } from './view/status.js';
import { summaryOf } from './view/summary.js';
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

// Lab and views

const { element: statusLine, announce } = mountStatus();
const antipatterns = mountAntipatterns();
const lab = createLab({
  onHistory: showHistory,
  onChange: () => renderLoop.invalidate(),
  onRejected: (reason) => composer.showError(reason),
  onReceipt: showReceipt,
  runAntipatterns: antipatterns.run,
});
const playback = createPlayback(
  lab.timeline,
  () => lab.running,
  () => renderLoop.invalidate(),
);
const composer = mountComposer(lab, announce);
const panes = lab.panes.map(({ id, subscriber }) => mountPane(id, subscriber));
const logStrip = mountLogStrip();
const distribution = mountDistribution();
const comparison = mountComparison(statusLine);
const toolbar = mountToolbar(lab, {
  selectPreset: (preset) => {
    selectPreset(preset);
    start();
  },
  toggle,
  reset,
  help: () => help.showModal(),
});
const tabs = mountTabs(
  panes.map((pane) => ({
    id: pane.id,
    element: pane.element,
    kind: () => pane.kind,
    label: () => ({
      ...KIND_LABELS[pane.kind],
      figure: durationText(latencySummary(lab.timeline.stats(pane.id).segment).p50),
    }),
  })),
);
const banner = mountBanner(playback);

/** @param {Message[]} messages from before the start */
function showHistory(messages) {
  for (const pane of panes) pane.showHistory(messages);
  const text = sharedTextOf(messages);
  if (text) composer.showText(text);
}

/** @param {Receipt} receipt */
function showReceipt({ messages, gap }) {
  if (gap) announce(gapText(gap));
  if (gap?.gap.reason === 'epoch') composer.forgetVersion();
  const text = sharedTextOf(messages);
  if (text) composer.showText(text);
}

// Commands

function start() {
  playback.goLive();
  lab.start().catch((error) => announce(`Not started: ${error.message}`));
}

function toggle() {
  if (lab.running) lab.stop();
  else start();
}

function reset() {
  playback.goLive();
  lab.reset();
  for (const pane of panes) pane.clear();
  announce('Stopped, and all counters are 0.');
}

/** @param {Preset | null} preset */
function selectPreset(preset) {
  playback.goLive();
  lab.selectPreset(preset);
  for (const pane of panes) pane.clear();
  root.dataset.preset = preset?.id ?? 'free';
  announce(preset ? `Lesson: ${preset.name}.` : 'Free mode: publish your own messages.');
  renderSummary();
}

/** A lesson has three steps: its question, its run, and the next lesson. @param {-1 | 1} step */
function stepLesson(step) {
  const { preset } = lab.settings;
  const isNew = lab.timeline.pageStats.startedAt === 0;
  if (step > 0 && preset && !lab.running && isNew) return start();
  const index = presets.findIndex(({ id }) => id === preset?.id);
  selectPreset(presets[Math.max(0, Math.min(presets.length - 1, index + step))] ?? null);
}

/** Selects the next variant of polling, in the first pane that polls. */
function changeVariant() {
  const pane = lab.panes.find(({ subscriber }) => kindOf(subscriber.transport) === 'poll');
  const variants = /** @type {const} */ (['interval', 'interval-guard', 'chained', 'chained-backoff']);
  const current = variants.findIndex((id) => id === pane?.subscriber.transport);
  pane?.subscriber.change({ transport: variants[(current + 1) % variants.length] });
}

function toggleLink() {
  const { control, link } = lab.connection;
  if (control.open) link.set(!link.down);
  else announce('No outage: it requires the lab and a WebSocket to the server.');
}

function exportAll() {
  const name = `trifold-${lab.settings.preset?.id ?? 'free'}-${lab.settings.seed}`;
  const summary = stateOf(lab, playback.paused);
  save(`${name}.json`, 'application/json', toJson(lab, summary));
  save(`${name}.csv`, 'text/csv', toCsv(summary));
  announce('Exported as JSON and CSV.');
}

/** Sets an attribute of the root to its next value; an empty one removes it.
 * @param {string} name @param {string[]} values */
function cycleAttribute(name, values) {
  const index = values.indexOf(root.dataset[name] ?? '');
  const next = values[(index + 1) % values.length] ?? '';
  if (next) root.dataset[name] = next;
  else delete root.dataset[name];
  renderLoop.invalidate();
}

function toggleModel() {
  settings.model = !settings.model;
  renderSummary();
}

function toggleFullScreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else enterFullScreen().catch(() => announce('The browser does not allow full screen.'));
}

/** Rejects where the browser has no full screen at all (iPhone), and where it refuses. */
async function enterFullScreen() {
  await root.requestFullscreen();
}

/** @param {Preset | null} preset @param {string} what */
function presetCommand(preset, what) {
  const run = () => {
    selectPreset(preset);
    start();
  };
  return { what, run };
}

/** @type {import('./view/keys.js').KeyMap} */
const keys = {
  ...Object.fromEntries(
    presets.map((preset) => [preset.key, presetCommand(preset, `lesson: ${preset.name}`)]),
  ),
  'o': presetCommand(null, 'free mode, without a lesson'),
  'Enter': { what: 'start, stop', run: toggle },
  ' ': { what: 'pause the view, traffic continues', run: playback.togglePause },
  '.': { what: 'pause the view, traffic continues', run: playback.togglePause },
  'r': { what: 'reset', run: reset },
  'PageDown': { what: 'next step', run: () => stepLesson(1) },
  'n': { what: 'next step', run: () => stepLesson(1) },
  'PageUp': { what: 'previous step', run: () => stepLesson(-1) },
  'p': { what: 'previous step', run: () => stepLesson(-1) },
  'v': { what: 'next variant of polling', run: changeVariant },
  'w': { what: 'replay the last 30 seconds', run: playback.replay },
  'ArrowLeft': { what: 'previous event', run: () => playback.stepToEvent(-1) },
  'ArrowRight': { what: 'next event', run: () => playback.stepToEvent(1) },
  '[': { what: 'replay slower', run: () => playback.changeSpeed(-1) },
  ']': { what: 'replay faster', run: () => playback.changeSpeed(1) },
  'x': { what: 'outage on, off', run: toggleLink },
  'c': { what: 'messages, code, or events', run: () => cycleAttribute('content', ['', 'code', 'log']) },
  'm': { what: 'model on, off', run: toggleModel },
  't': { what: 'drawings as tables', run: () => cycleAttribute('tables', ['', 'on']) },
  'l': { what: 'projector', run: () => cycleAttribute('projector', ['', 'on']) },
  'd': { what: 'dark, light', run: () => cycleAttribute('theme', ['dark', 'light']) },
  'f': { what: 'full screen', run: toggleFullScreen },
  'e': { what: 'export as JSON and CSV', run: exportAll },
  'Escape': { what: 'back to live', run: playback.goLive },
  '?': { what: 'help', run: () => help.showModal() },
};
const help = mountHelp(keys, settings.keys);
listenToKeys(keys, () => settings.keys.on);

// Rendering

const renderLoop = createRenderLoop(playback, {
  draw: render,
  move(now) {
    for (const pane of panes) pane.move(now);
    logStrip.move(now);
  },
  isAnimating: () => playback.moving,
});

/** @param {import('./view/render-loop.js').Frame} frame */
function render({ now, live, statsDue, still }) {
  const { timeline } = lab;
  const start = timeline.pageStats.startedAt;
  /** @type {<E extends { at: number }>(events: E[]) => E[]} */
  const upToNow = (events) => (live ? events : events.filter(({ at }) => at <= now));
  const pageEvents = upToNow(timeline.pageEvents);
  const intervals = intervalsOf(pageEvents, now);
  const newest = statsDue ? timeline.newestAt(now) : 0; // only for the figures
  for (const pane of panes) {
    pane.draw({
      now,
      live,
      statsDue,
      still,
      start,
      stats: live ? timeline.stats(pane.id) : timeline.statsAt(pane.id, now),
      newest,
      events: upToNow(timeline.paneEvents(pane.id)),
      intervals,
      bytes: lab.bytesOf(pane.id),
    });
  }
  if (!statsDue) return;
  if (!still) logStrip.draw(pageEvents, now, start, scheduleText(lab.settings, composer.rate));
  toolbar.draw();
  composer.draw();
  banner.draw(now);
}

function renderSummary() {
  if (playback.paused) return; // the summary stands still, too
  const summary = summaryOf(lab, composer.rate, settings.model);
  distribution.draw(summary.curves);
  comparison.draw(summary.rows);
  setText(comparison.lesson, lessonText());
  tabs.draw();
}

function lessonText() {
  const { preset } = lab.settings;
  if (!preset) return 'Press 1 to 9 or 0 for a lesson, ? for help.';
  const isDone = !lab.running && lab.timeline.pageStats.startedAt > 0;
  return isDone ? preset.lesson : preset.question;
}

// Start

document.querySelector('.top')?.append(toolbar.nav, ...toolbar.controls);
document.querySelector('main')?.append(
  banner.element,
  logStrip.element,
  composer.element,
  tabs.element,
  ...panes.map(({ element }) => element),
  antipatterns.element,
  h('footer', {}, distribution.element, comparison.element),
);
document.body.append(help);

const requestedPanes = panes.filter(({ id }) => params.get('panes')?.split(',').includes(id));
const visiblePanes = requestedPanes.length > 0 ? requestedPanes : panes;
for (const pane of panes) pane.element.hidden = !visiblePanes.includes(pane);
root.dataset.panes = String(visiblePanes.length);

lab.visibilityChanged();
const seed = Number(params.get('seed') ?? NaN);
if (Number.isSafeInteger(seed) && seed >= 0) lab.settings.seed = seed;
selectPreset(presetOf(params.get('preset')));
if (params.has('jitter')) lab.addJitter(Number(params.get('jitter')));
lab.connection.server.connect().catch(() => {});
const autorun = params.get('autorun') ?? (lab.settings.preset ? '0' : '1');
if (autorun === '1') start();

if (!isSecureContext) {
  announce('Loaded over plain HTTP: the browser may reduce the clock resolution and turn the screen off.');
}

setInterval(renderSummary, SUMMARY_INTERVAL_MS);
renderSummary();

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
  if (wasRunning) start();
});

Object.assign(window, { lab: { state: () => stateOf(lab, playback.paused) } });
