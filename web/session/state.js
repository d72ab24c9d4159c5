/**
 * The state of the lab: what tests and other programs read as `window.lab.state()`.
 *
 * @typedef {import('../model/events.js').Figures} Figures
 * @typedef {import('./lab.js').Lab} Lab
 */
import { summarize } from '../model/quantiles.js';

/**
 * Figures of the latencies, in milliseconds; `error` is how far the worst may be off.
 * @param {Figures} figures
 */
export function latencyOf({ latencies }) {
  return {
    ...summarize(latencies.map(({ ms }) => ms)),
    error: latencies.reduce((worst, { error }) => Math.max(worst, error), 0),
  };
}

/** @param {Lab} lab @param {boolean} paused */
export function stateOf(lab, paused) {
  return {
    running: lab.running,
    paused,
    preset: lab.preset?.id ?? null,
    seed: lab.seed,
    published: lab.published,
    panes: lab.panes.map(({ id, subscriber }) => {
      const figures = lab.timeline.figures(id);
      const { lines: _, text: __, latencies: ___, head: ____, bodyBytes: _____, ...counted } = figures;
      const { technique, state } = subscriber;
      return {
        id,
        technique,
        state,
        ...counted,
        latency: latencyOf(figures),
        bytes: lab.bytesOf(id),
      };
    }),
  };
}

/** @typedef {ReturnType<typeof stateOf>} LabState */
