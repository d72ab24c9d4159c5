/**
 * The beats of a lesson: ask, run, explain. Stepping never discards a run: back from the
 * explanation is a replay of it, and back from that the question.
 *
 * @typedef {import('../model/playback.js').Playback} Playback
 * @typedef {import('../model/presets.js').Preset} Preset
 * @typedef {import('./lab.js').Lab} Lab
 *
 * @typedef {'ask' | 'run' | 'explain'} Beat
 *
 * @typedef {object} BeatHooks
 * @property {(preset: Preset | null) => void} select
 * @property {() => void} start
 */
import { presets } from '../model/presets.js';

/** A second press of a nervous thumb does not end the run. */
const MIN_RUN_MS = 1000;

/** @param {Lab} lab @param {Playback} playback @param {BeatHooks} hooks */
export function createBeats(lab, playback, hooks) {
  /** The preset whose question is shown again after its run. @type {Preset | null} */
  let askedAgain = null;

  /** @returns {Beat | null} null without a lesson */
  function beat() {
    const { preset } = lab.settings;
    if (!preset) return null;
    if (lab.running) return 'run';
    if (!hasRun(lab) || askedAgain === preset) return 'ask';
    return playback.replay === 'running' ? 'run' : 'explain';
  }

  const ask = (/** @type {boolean} */ again) => (askedAgain = again ? lab.settings.preset : null);

  return {
    get beat() {
      return beat();
    },
    started: () => void ask(false),
    next() {
      const current = beat();
      if (current === 'ask' && !hasRun(lab)) return hooks.start();
      ask(false);
      if (current === 'ask') showRun(lab, playback);
      else if (current === 'run') endRun(lab, playback);
      else hooks.select(neighborOf(lab, 1));
    },
    previous() {
      const current = beat();
      const isReplayed = current === 'run' && !lab.running;
      if (current === 'ask') return hooks.select(neighborOf(lab, -1));
      if (current === 'run' && lab.running) return hooks.select(lab.settings.preset);
      ask(isReplayed || lab.settings.preset?.antipatterns === true);
      if (isReplayed) playback.goLive();
      else if (current === 'explain') showRun(lab, playback);
    },
  };
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
  const index = presets.findIndex(({ id }) => id === settings.preset?.id) + step;
  return presets[Math.min(presets.length - 1, index)] ?? null;
}

/** @typedef {ReturnType<typeof createBeats>} Beats */
