/**
 * The beats of a lesson: ask, run, explain. Stepping never discards a run: a run that is left is
 * ended and explained, back from the explanation is a replay of it, back from that the question,
 * and back from the question of the next lesson the explanation again.
 *
 * @typedef {import('../model/playback.js').Playback} Playback
 * @typedef {import('../model/presets.js').Preset} Preset
 * @typedef {import('./lab.js').Lab} Lab
 *
 * @typedef {'ask' | 'run' | 'explain'} Beat
 *
 * @typedef {object} BeatHooks
 * @property {(preset: Preset | null) => void} select
 * @property {(preset: Preset | null) => void} goBack selects a lesson and shows its last run, if it has one
 * @property {() => void} start
 * @property {() => void} onEnd no lesson follows
 */
import { presets } from '../model/presets.js';

/** A second press of a nervous thumb does not end the run. */
const MIN_RUN_MS = 1000;

/** @param {Lab} lab @param {Playback} playback @param {BeatHooks} hooks */
export function createBeats(lab, playback, hooks) {
  /** The preset whose question is shown again after its run. @type {Preset | null} */
  let askedAgain = null;

  const beat = () => beatOf(lab, playback, askedAgain);
  const ask = (/** @type {boolean} */ again) => (askedAgain = again ? lab.settings.preset : null);

  function next() {
    const current = beat();
    if (current === 'ask' && !hasRun(lab)) return hooks.start();
    ask(false);
    if (current === 'ask') showRun(lab, playback);
    else if (current === 'run') endRun(lab, playback);
    else if (lab.settings.preset === presets.at(-1)) hooks.onEnd();
    else hooks.select(neighborOf(lab, 1));
  }

  function previous() {
    const current = beat();
    if (current === 'ask') return hooks.goBack(neighborOf(lab, -1));
    if (lab.running && current) return endRun(lab, playback);
    ask(current === 'run' || lab.settings.preset?.antipatterns === true);
    if (current === 'run') playback.goLive();
    else if (current) showRun(lab, playback);
  }

  return {
    get beat() {
      return beat();
    },
    started: () => void ask(false),
    next: () => (needsResume(lab, playback) ? playback.goLive() : next()),
    previous: () => (needsResume(lab, playback) ? playback.goLive() : previous()),
  };
}

/** @param {Lab} lab @param {Playback} playback @param {Preset | null} askedAgain
 *  @returns {Beat | null} null without a lesson */
function beatOf(lab, playback, askedAgain) {
  const { preset } = lab.settings;
  if (!preset) return null;
  if (lab.running) return 'run';
  if (!hasRun(lab) || askedAgain === preset) return 'ask';
  return playback.replay === 'running' ? 'run' : 'explain';
}

/** A paused view returns to live first, so that no step is taken unseen. The replay of a finished
 * run is a beat itself. @param {Lab} lab @param {Playback} playback */
function needsResume(lab, playback) {
  return playback.paused && (lab.running || playback.replay !== 'running');
}

/** @param {Lab} lab */
function hasRun({ timeline }) {
  return timeline.pageStats.startedAt > 0;
}

/** Shows the run again, from its start. The antipatterns have no events to replay.
 * @param {Lab} lab @param {Playback} playback */
function showRun({ settings }, playback) {
  if (settings.preset?.antipatterns) playback.goLive();
  else playback.startReplay();
}

/** @param {Lab} lab @param {Playback} playback */
function endRun(lab, playback) {
  const { startedAt } = lab.timeline.pageStats;
  const isStarting = startedAt === 0 || performance.now() - startedAt < MIN_RUN_MS;
  if (!lab.running) playback.goLive();
  else if (!isStarting) lab.stop();
}

/** The preset before or after the selected one; null is free mode. @param {Lab} lab @param {-1 | 1} step */
function neighborOf({ settings }, step) {
  return presets[presets.findIndex(({ id }) => id === settings.preset?.id) + step] ?? null;
}

/** @typedef {ReturnType<typeof createBeats>} Beats */
