/**
 * The last finished run of each lesson. It is kept until another run of that lesson starts, so
 * that going back shows its explanation.
 *
 * @typedef {import('../model/presets.js').Preset} Preset
 * @typedef {import('./kept.js').KeptRun} KeptRun
 * @typedef {import('./kept.js').KeptRuns} KeptRuns
 * @typedef {import('./lab.js').Lab} Lab
 * @typedef {import('./lab.js').RunSnapshot} RunSnapshot
 */

/** @param {Lab} lab @param {KeptRuns} kept */
export function createFinishedRuns(lab, kept) {
  /** @type {Map<Preset, { run: RunSnapshot, comparisons: KeptRun[] }>} */
  const runs = new Map();
  return {
    /** Keeps the run on display, before another lesson is selected. */
    save() {
      const { preset } = lab.settings;
      const { startedAt, stoppedAt } = lab.timeline.pageStats;
      const isFinished = !lab.running && startedAt > 0 && stoppedAt !== null;
      if (preset && isFinished) runs.set(preset, { run: lab.snapshotRun(), comparisons: kept.unpinned });
    },
    /** Shows the run of the selected lesson, if it has one. */
    restore() {
      const { preset } = lab.settings;
      const finished = preset && runs.get(preset);
      if (!finished) return;
      kept.selected(preset, finished.comparisons);
      lab.restoreRun(finished.run);
    },
    /** Another run of the selected lesson starts. */
    drop() {
      const { preset } = lab.settings;
      if (preset) runs.delete(preset);
    },
    clear: () => runs.clear(),
  };
}

/** @typedef {ReturnType<typeof createFinishedRuns>} FinishedRuns */
