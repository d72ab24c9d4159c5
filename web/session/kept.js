/**
 * Kept runs, to compare the next one with. They survive the reset of the measurement.
 *
 * @typedef {import('../model/figures.js').PaneFigures} PaneFigures
 * @typedef {import('../model/presets.js').Preset} Preset
 * @typedef {import('./results.js').Result} Result
 *
 * @typedef {object} KeptRun
 * @property {Preset | null} preset
 * @property {Result[]} results of the panes, left to right
 * @property {PaneFigures[]} figures
 * @property {boolean} isPinned whether it outlives its lesson
 */

/** More would not fit below the panes. */
const MAX_RUNS = 3;

export function createKeptRuns() {
  /** Newest first. @type {KeptRun[]} */
  let runs = [];
  return {
    get all() {
      return runs;
    },
    /** As it is now: a run that continues adds to its latencies. @param {KeptRun} run */
    keep(run) {
      const results = run.results.map((result) => ({ ...result, latencies: [...result.latencies] }));
      runs = [{ ...run, results }, ...runs].slice(0, MAX_RUNS);
    },
    /** Another lesson is selected. @param {Preset | null} preset
     *  @param {KeptRun[]} [restored] of this lesson, when it is shown again */
    selected(preset, restored = []) {
      runs = [...restored, ...runs.filter((run) => run.isPinned || run.preset === preset)].slice(0, MAX_RUNS);
    },
    /** Those that do not outlive their lesson. */
    get unpinned() {
      return runs.filter(({ isPinned }) => !isPinned);
    },
    clear() {
      runs = [];
    },
    /** The newest run of a lesson. @param {Preset | null} preset */
    newestOf: (preset) => runs.find((run) => run.preset === preset) ?? null,
  };
}

/** @typedef {ReturnType<typeof createKeptRuns>} KeptRuns */
