/**
 * The commands of the page, and their keys.
 *
 * @typedef {import('../model/playback.js').Playback} Playback
 * @typedef {import('../model/presets.js').Preset} Preset
 * @typedef {import('../session/beats.js').BeatHooks} BeatHooks
 * @typedef {import('../session/beats.js').Beats} Beats
 * @typedef {import('../session/finished-runs.js').FinishedRuns} FinishedRuns
 * @typedef {import('../session/kept.js').KeptRuns} KeptRuns
 * @typedef {import('../session/lab.js').Lab} Lab
 * @typedef {import('../session/selection.js').Selection} Selection
 *
 * @typedef {object} CommandParts
 * @property {Lab} lab
 * @property {Playback} playback
 * @property {KeptRuns} kept
 * @property {Selection} selection
 * @property {(text: string) => void} announce
 * @property {(text: string) => void} readAloud
 * @property {() => void} clearPanes
 * @property {() => void} onChange
 */
import { kindOf } from '../model/types.js';
import { toCsv, toJson } from '../session/export.js';
import { createBeats } from '../session/beats.js';
import { createFinishedRuns } from '../session/finished-runs.js';
import { paneFigures } from '../session/pane-figures.js';
import { currentResults } from '../session/results.js';
import { stateOf } from '../session/state.js';
import { save } from './save.js';

const root = document.documentElement;

const VARIANTS = /** @type {const} */ (['interval', 'interval-guard', 'chained', 'chained-backoff']);

/** @param {CommandParts} parts */
export function createCommands(parts) {
  const runs = createRunCommands(parts);
  return {
    ...runs,
    ...createComparisonCommands(parts, runs),
    ...createViewCommands(parts, runs.beats),
    /** Lessons have their own network. */
    toggleNetwork() {
      if (parts.lab.settings.preset) return parts.announce('Choose Free first: a lesson has its own network.');
      if (root.dataset.network) delete root.dataset.network;
      else root.dataset.network = 'on';
    },
    toggleLink() {
      const { control, link } = parts.lab.connection;
      if (control.open) link.set(!link.down);
      else parts.announce('No outage: it requires the lab and a WebSocket to the server.');
    },
  };
}

/** What selects, starts and stops. @param {CommandParts} parts */
function createRunCommands(parts) {
  const { lab, playback, kept, selection, announce, readAloud } = parts;
  const finished = createFinishedRuns(lab, kept);

  function showPresent() {
    playback.goLive();
    selection.clear();
    beats.started();
  }

  function start() {
    showPresent();
    finished.drop();
    lab.start().catch((error) => announce(`Not started: ${error.message}`));
  }

  /** @param {Preset | null} preset */
  function select(preset) {
    showPresent();
    finished.save();
    kept.selected(preset);
    lab.selectPreset(preset);
    redraw(parts);
    readAloud(preset ? `Lesson ${preset.name}: ${preset.question}` : 'Free mode.');
  }

  function reset() {
    showPresent();
    kept.clear();
    finished.clear();
    lab.reset();
    redraw(parts);
    readAloud('Stopped, and all counters are 0.');
  }

  const beats = createBeats(lab, playback, createStepHooks(parts, { select, start }, finished));
  return { beats, start, select, reset, ...createStarts(lab, { select, start }) };
}

/** @typedef {{ select: (preset: Preset | null) => void, start: () => void }} Runs */

/** @param {Lab} lab @param {Runs} runs */
function createStarts(lab, { select, start }) {
  return {
    run(/** @type {Preset | null} */ preset) {
      select(preset);
      start();
    },
    toggle: () => (lab.running ? lab.stop() : start()),
  };
}

/** @param {CommandParts} parts @param {Runs} runs @param {FinishedRuns} finished
 *  @returns {BeatHooks} */
function createStepHooks({ announce, onChange }, { select, start }, finished) {
  return {
    select,
    start,
    goBack(preset) {
      select(preset);
      finished.restore();
      onChange();
    },
    onEnd: () => announce('That was the last lesson.'),
  };
}

/** Draws another measurement. @param {CommandParts} parts */
function redraw({ clearPanes, onChange }) {
  clearPanes();
  onChange();
}

/** @param {CommandParts} parts @param {ReturnType<typeof createRunCommands>} runs */
function createComparisonCommands(parts, { beats, start }) {
  const { lab, announce, onChange } = parts;
  return {
    /** Selects the next variant of polling; after a run it runs again, to be compared. */
    changeVariant() {
      const isDone = beats.beat === 'explain';
      if (isDone) keep(parts, false);
      changeVariant(lab);
      if (isDone) start();
      onChange();
    },
    keep() {
      if (lab.timeline.pageStats.startedAt === 0) return announce('Nothing to keep: it has not run yet.');
      keep(parts, true);
      announce('Kept: its figures stay below the panes.');
      onChange();
    },
  };
}

/** What changes the view only. @param {CommandParts} parts @param {Beats} beats */
function createViewCommands({ lab, playback, selection, announce, onChange }, beats) {
  return {
    ...createPlaybackCommands(lab, playback, selection, beats),
    exportAll() {
      const name = `trifold-${lab.settings.preset?.id ?? 'free'}-${lab.settings.seed}`;
      const summary = stateOf(lab, playback.paused, selection);
      save(`${name}.json`, 'application/json', toJson(lab, summary));
      save(`${name}.csv`, 'text/csv', toCsv(summary));
      announce('Exported as JSON and CSV.');
    },
    toggleFullScreen() {
      if (document.fullscreenElement) document.exitFullscreen();
      else enterFullScreen().catch(() => announce('The browser does not allow full screen.'));
    },
    /** Sets an attribute of the root to its next value; an empty one removes it.
     * @param {string} name @param {string[]} values */
    cycle(name, values) {
      const index = values.indexOf(root.dataset[name] ?? '');
      const next = values[(index + 1) % values.length] ?? '';
      if (next) root.dataset[name] = next;
      else delete root.dataset[name];
      onChange();
    },
  };
}

/** @param {Lab} lab @param {Playback} playback @param {Selection} selection @param {Beats} beats */
function createPlaybackCommands(lab, playback, selection, beats) {
  /** A question and the antipatterns have no past to show. */
  const hasPast = () => beats.beat !== 'ask' && !lab.settings.preset?.antipatterns;
  return {
    togglePause() {
      if (hasPast()) playback.togglePause();
    },
    replay() {
      if (hasPast()) playback.startReplay();
    },
    /** Event by event while paused; message by message in a run that is explained.
     * @param {-1 | 1} step */
    step(step) {
      if (!hasPast()) return;
      if (beats.beat === 'explain' && !playback.paused) selection.step(step);
      else playback.stepToEvent(step);
    },
    back() {
      selection.clear();
      playback.goLive();
    },
  };
}

/** @param {CommandParts} parts @param {boolean} isPinned */
function keep({ lab, kept }, isPinned) {
  const { preset } = lab.settings;
  kept.keep({ preset, results: currentResults(lab), figures: paneFigures(lab, null), isPinned });
}

/** The next variant, in the first pane that polls. @param {Lab} lab */
function changeVariant({ panes }) {
  const pane = panes.find(({ subscriber }) => kindOf(subscriber.transport) === 'poll');
  const current = VARIANTS.findIndex((id) => id === pane?.subscriber.transport);
  pane?.subscriber.change({ transport: VARIANTS[(current + 1) % VARIANTS.length] });
}

/** Rejects where the browser has no full screen at all (iPhone), and where it refuses. */
async function enterFullScreen() {
  await root.requestFullscreen();
}

/** @typedef {ReturnType<typeof createCommands>} Commands */
