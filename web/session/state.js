/**
 * The state of the lab, for tests and other programs: `window.lab.state()`. Its fields are
 * stable; docs/protocol.md describes them.
 *
 * @typedef {import('../model/meters.js').ByteCounts} ByteCounts
 * @typedef {import('./lab.js').Lab} Lab
 * @typedef {import('./panes.js').Pane} Pane
 * @typedef {import('./selection.js').Selection} Selection
 * @typedef {import('../model/segments.js').Segment} Segment
 */
import { latencySummary } from '../model/stats.js';

/** @param {Lab} lab @param {boolean} paused @param {Selection} selection */
export function stateOf(lab, paused, selection) {
  const { settings, timeline } = lab;
  return {
    running: lab.running,
    paused,
    preset: settings.preset?.id ?? null,
    seed: settings.seed,
    published: timeline.pageStats.published,
    selected: selection.state,
    panes: lab.panes.map((pane) => paneState(lab, pane)),
  };
}

/** @param {Lab} lab @param {Pane} pane */
function paneState({ timeline, bytesOf }, { id, subscriber: { transport } }) {
  const stats = timeline.stats(id);
  const { segment, earlier } = stats;
  return {
    id,
    technique: transport, // the earlier name of `transport`, which other programs still read
    transport,
    state: stats.state,
    requests: segment.requests,
    answers: segment.responses,
    empty: segment.empty,
    errors: segment.errors,
    inFlight: stats.inFlight,
    delivered: stats.delivered,
    stale: stats.stale,
    duplicate: stats.duplicate,
    missed: stats.missed,
    gaps: stats.gaps,
    shown: stats.shown,
    latency: latencySummary(segment),
    bytes: bytesOf(id),
    segments: [...earlier, segment]
      .filter(({ number }) => number > 0)
      .map((one) => segmentState(one, bytesOf(id, one.number))),
  };
}

/** @param {Segment} segment @param {ByteCounts} bytes */
function segmentState(segment, bytes) {
  const { transport, from, requests } = segment;
  const { n, p50, p95 } = latencySummary(segment);
  return { transport, from, n, p50, p95, requests, bytes };
}

/** @typedef {ReturnType<typeof stateOf>} LabState */
