/** The page: puts the lab and its views together. */
import { textOf } from './model/events.js';
import { toCsv, toJson } from './session/export.js';
import { durationText } from './model/format.js';
import { createLab } from './session/lab.js';
import { createPlayer } from './model/playback.js';
import { presetOf, presets } from './model/presets.js';
import { spansOf } from './model/intervals.js';
import { latencyOf, stateOf } from './session/state.js';
import { techniques } from './transports/index.js';
import { mountBanner } from './view/banner.js';
import { mountBar } from './view/toolbar.js';
import { mountComposer } from './view/composer.js';
import { h, setText } from './view/dom.js';
import { mountEcdf } from './view/distribution.js';
import { createFrames } from './view/render-loop.js';
import { mountHelp } from './view/help.js';
import { listenToKeys } from './view/keys.js';
import { mountMistakes } from './view/antipatterns.js';
import { FAMILIES, mountPane } from './view/pane.js';
import { save } from './view/save.js';
import { mountStatus } from './view/status.js';
import { summaryOf } from './view/summary.js';
import { mountTable } from './view/comparison.js';
import { mountTabs } from './view/tabs.js';
import { gapText } from './view/ticker.js';
import { mountTruth, rhythmWords } from './view/log-strip.js';

/**
 * @typedef {import('./model/events.js').LabEvent} LabEvent
 * @typedef {import('./model/presets.js').Preset} Preset
 */

/** How often the figures below the panes are drawn, in milliseconds. */
const SUMMARY_EVERY_MS = 500;

const asked = new URLSearchParams(location.search);
const root = document.documentElement;
const setting = { keys: { on: true }, model: true };

// What is shown

const { element: statusLine, announce } = mountStatus();
const mistakes = mountMistakes();
const lab = createLab({
  onHistory: (messages) => {
    for (const pane of panes) pane.showHistory(messages);
    const text = textOf(messages);
    if (text) composer.showText(text);
  },
  onChange: () => draw(),
  onProblem: (problem) => composer.refused(problem),
  onTaken: ({ messages, gap }) => {
    if (gap) announce(gapText(gap));
    if (gap?.gap.reason === 'epoch') composer.forget();
    const text = textOf(messages);
    if (text) composer.showText(text);
  },
  tryMistakes: mistakes.run,
});
const player = createPlayer(lab, () => draw());
const composer = mountComposer(lab, announce);
const paneIds = lab.panes.map(({ id }) => id);
const wanted = paneIds.filter((id) => asked.get('panes')?.split(',').includes(id));
const shownPanes = wanted.length > 0 ? wanted : paneIds;
const panes = lab.panes.map(({ id, subscriber }) => mountPane(id, subscriber));
const truth = mountTruth();
const ecdf = mountEcdf();
const table = mountTable(statusLine);
const bar = mountBar(lab, {
  choose: (preset) => {
    choose(preset);
    start();
  },
  toggle: () => toggle(),
  reset: () => reset(),
  help: () => help.showModal(),
});
const tabs = mountTabs(
  panes.map((pane) => ({
    id: pane.id,
    element: pane.element,
    family: () => pane.family,
    label: () => ({
      ...FAMILIES[pane.family],
      figure: durationText(latencyOf(lab.timeline.figures(pane.id)).p50),
    }),
  })),
);
const banner = mountBanner(player);

// What can be done

function start() {
  player.live();
  lab.start().catch((error) => announce(`Not started: ${error.message}`));
}

function toggle() {
  if (lab.running) lab.stop();
  else start();
}

function reset() {
  player.live();
  lab.reset();
  for (const pane of panes) pane.clear();
  announce('Stopped, and all counters are 0.');
}

/** @param {Preset | null} preset */
function choose(preset) {
  player.live();
  lab.choose(preset);
  for (const pane of panes) pane.clear();
  root.dataset.preset = preset?.id ?? 'free';
  announce(preset ? `Lesson: ${preset.name}.` : 'No lesson: say what you like.');
  summarizeNow();
}

/** The lecture's steps: a question, its run, and on to the next. @param {-1 | 1} step */
function walk(step) {
  if (step > 0 && lab.preset && !lab.running && lab.startedAt === 0) return start();
  const index = presets.findIndex((own) => own === lab.preset);
  choose(presets[Math.max(0, Math.min(presets.length - 1, index + step))] ?? null);
}

/** The next of polling's variants, in the first pane that polls. */
function changeVariant() {
  const polling = lab.panes.find(({ subscriber }) => techniques[subscriber.technique].family === 'poll');
  const variants = /** @type {const} */ (['interval', 'interval-guard', 'chained', 'chained-backoff']);
  const now = variants.findIndex((own) => own === polling?.subscriber.technique);
  polling?.subscriber.change({ technique: variants[(now + 1) % variants.length] });
}

function changeLink() {
  if (lab.hasChannel) lab.setLink(!lab.linkDown);
  else announce('No outage: it needs a lab, and a WebSocket to it.');
}

function exportAll() {
  const name = `trifold-${lab.preset?.id ?? 'free'}-${lab.seed}`;
  const summary = stateOf(lab, player.paused);
  save(`${name}.json`, 'application/json', toJson(lab, summary));
  save(`${name}.csv`, 'text/csv', toCsv(summary));
  announce('Exported as JSON and CSV.');
}

/** @param {string} name @param {string[]} values */
function cycle(name, values) {
  const index = values.indexOf(root.dataset[name] ?? '');
  const next = values[(index + 1) % values.length] ?? '';
  if (next) root.dataset[name] = next;
  else delete root.dataset[name];
  draw();
}

/** @type {import('./view/keys.js').KeyMap} */
const keys = {
  ...Object.fromEntries(
    presets.map((preset) => [
      preset.key,
      { what: `lesson: ${preset.name}`, run: () => (choose(preset), start()) },
    ]),
  ),
  'o': { what: 'no lesson, say what you like', run: () => (choose(null), start()) },
  'Enter': { what: 'start, stop', run: toggle },
  ' ': { what: 'pause the view, traffic goes on', run: player.togglePause },
  '.': { what: 'pause the view, traffic goes on', run: player.togglePause },
  'r': { what: 'reset', run: reset },
  'PageDown': { what: 'next step', run: () => walk(1) },
  'n': { what: 'next step', run: () => walk(1) },
  'PageUp': { what: 'previous step', run: () => walk(-1) },
  'p': { what: 'previous step', run: () => walk(-1) },
  'v': { what: 'next variant of polling', run: changeVariant },
  'w': { what: 'replay the last 30 seconds', run: player.replay },
  'ArrowLeft': { what: 'one event back', run: () => player.toEvent(-1) },
  'ArrowRight': { what: 'one event on', run: () => player.toEvent(1) },
  '[': { what: 'replay slower', run: () => player.changeSpeed(-1) },
  ']': { what: 'replay faster', run: () => player.changeSpeed(1) },
  'x': { what: 'outage on, off', run: changeLink },
  'c': { what: 'messages, code, or events', run: () => cycle('content', ['', 'code', 'log']) },
  'm': { what: 'model on, off', run: () => ((setting.model = !setting.model), summarizeNow()) },
  't': { what: 'drawings as tables', run: () => cycle('tables', ['', 'on']) },
  'l': { what: 'projector', run: () => cycle('projector', ['', 'on']) },
  'd': { what: 'dark, light', run: () => cycle('theme', ['dark', 'light']) },
  'f': { what: 'full screen', run: () => toggleFullScreen() },
  'e': { what: 'export as JSON and CSV', run: exportAll },
  'Escape': { what: 'back to live', run: player.live },
  '?': { what: 'help', run: () => help.showModal() },
};
const help = mountHelp(keys, setting.keys);
listenToKeys(keys, () => setting.keys.on);

function toggleFullScreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else root.requestFullscreen().catch(() => announce('Full screen is not allowed here.'));
}

// How it is drawn

const frames = createFrames(player, {
  draw: drawMoment,
  move(now) {
    for (const pane of panes) pane.move(now);
    truth.move(now);
  },
  goesOn: () => player.moving,
});

function draw() {
  frames.draw();
}

/** @param {import('./view/render-loop.js').Frame} frame */
function drawMoment({ now, live, figuresDue, still }) {
  const { timeline } = lab;
  const upTo = (/** @type {LabEvent[]} */ events) => (live ? events : events.filter(({ at }) => at <= now));
  const occasions = upTo(timeline.eventsOf(null));
  const spans = spansOf(occasions, now);
  for (const pane of panes) {
    pane.draw({
      now,
      live,
      figuresDue,
      still,
      start: lab.startedAt,
      figures: live ? timeline.figures(pane.id) : timeline.figuresAt(pane.id, now),
      events: upTo(timeline.eventsOf(pane.id)),
      spans,
      bytes: lab.bytesOf(pane.id),
    });
  }
  if (!figuresDue) return;
  if (!still) truth.draw(occasions, now, lab.startedAt, rhythmWords(lab, composer.rate));
  bar.draw();
  composer.draw();
  banner.draw(now);
}

function summarizeNow() {
  if (player.paused) return; // the sums stay as they were, too
  const { preset } = lab;
  const all = summaryOf(lab, composer.rate, setting.model);
  ecdf.draw(all.map(({ curve }) => curve));
  table.draw(all.map(({ row }) => row));
  const done = preset && !lab.running && lab.startedAt > 0;
  setText(table.lesson, preset ? (done ? preset.lesson : preset.question) : 'Press 1 to 9 or 0 for a lesson, ? for help.');
  tabs.draw();
}

// How it begins

document.querySelector('.top')?.append(bar.nav, ...bar.controls);
document.querySelector('main')?.append(
  banner.element,
  truth.element,
  composer.element,
  tabs.element,
  ...panes.map(({ element }) => element),
  mistakes.element,
  h('footer', {}, ecdf.element, table.element),
);
document.body.append(help);
for (const pane of panes) pane.element.hidden = !shownPanes.includes(pane.id);
root.dataset.panes = String(shownPanes.length);

lab.setHidden(document.hidden);
const seed = Number(asked.get('seed') ?? NaN);
if (Number.isSafeInteger(seed) && seed >= 0) lab.setSeed(seed);
choose(presetOf(asked.get('preset')));
if (asked.has('jitter')) lab.setNetwork({ jitter: Number(asked.get('jitter')) });
lab.enter().catch(() => {});
const autorun = asked.get('autorun') ?? (lab.preset ? '0' : '1');
if (autorun === '1') start();

if (!isSecureContext) {
  announce('This page came over plain HTTP: the browser may coarsen its clock and let the screen go dark.');
}

setInterval(summarizeNow, SUMMARY_EVERY_MS);
summarizeNow();

document.addEventListener('visibilitychange', () => lab.setHidden(document.hidden));

// A page with an open socket is not kept in the back/forward cache; one that closes its
// sockets is, and goes on from its cursors when it comes back.
let interrupted = false;
addEventListener('pagehide', () => {
  interrupted = lab.running;
  lab.leave();
});
addEventListener('pageshow', ({ persisted }) => {
  if (!persisted) return;
  lab.enter().catch(() => {});
  if (interrupted) start();
});

Object.assign(window, { lab: { state: () => stateOf(lab, player.paused) } });
