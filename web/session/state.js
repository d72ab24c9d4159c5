/**
 * The state of the lab, for tests and other programs: `window.lab.state()`. Its fields are
 * stable; docs/protocol.md describes them.
 *
 * @typedef {import('./lab.js').Lab} Lab
 * @typedef {import('./panes.js').Pane} Pane
 */
import { latencySummary } from '../model/stats.js';

/** @param {Lab} lab @param {boolean} paused */
export function stateOf(lab, paused) {
  const { settings, timeline } = lab;
  return {
    running: lab.running,
    paused,
    preset: settings.preset?.id ?? null,
    seed: settings.seed,
    published: timeline.pageStats.published,
    panes: lab.panes.map((pane) => paneState(lab, pane)),
  };
}

/** @param {Lab} lab @param {Pane} pane */
function paneState({ timeline, bytesOf }, { id, subscriber: { transport } }) {
  const stats = timeline.stats(id);
  return {
    id,
    technique: transport, // the earlier name of `transport`, which other programs still read
    transport,
    state: stats.state,
    requests: stats.requests,
    answers: stats.responses,
    empty: stats.empty,
    errors: stats.errors,
    inFlight: stats.inFlight,
    delivered: stats.delivered,
    stale: stats.stale,
    duplicate: stats.duplicate,
    missed: stats.missed,
    gaps: stats.gaps,
    shown: stats.shown,
    latency: latencySummary(stats),
    bytes: bytesOf(id),
  };
}

/** @typedef {ReturnType<typeof stateOf>} LabState */
