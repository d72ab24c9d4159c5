/**
 * Results: the figures of one segment of a pane, with its bytes.
 *
 * @typedef {import('../model/meters.js').ByteCounts} ByteCounts
 * @typedef {import('../model/segments.js').Segment} Segment
 * @typedef {import('../model/types.js').PaneId} PaneId
 * @typedef {import('../model/types.js').TransportId} TransportId
 * @typedef {import('./lab.js').Lab} Lab
 * @typedef {import('./panes.js').Pane} Pane
 *
 * @typedef {{ pane: PaneId, transport: TransportId, seconds: number, bytes: ByteCounts } &
 *   Omit<Segment, 'transport'>} Result
 */
import { activeMs } from '../model/segments.js';

/** The result of each pane, now or at an earlier moment, whose bytes are unknown.
 * @param {Lab} lab @param {number | null} [at] @returns {Result[]} */
export function currentResults(lab, at = null) {
  return lab.panes.map((pane) => {
    const { segment } = statsOf(lab, pane, at);
    if (at === null) return resultOf(lab, pane, segment);
    const bytes = { up: null, down: null };
    return { ...resultOf(lab, pane, segment), bytes, seconds: activeMs(segment, at) / 1000 };
  });
}

/** The results of the segments of all panes that were finished then, newest first.
 * @param {Lab} lab @param {number | null} [at] */
export function earlierResults(lab, at = null) {
  return lab.panes
    .flatMap((pane) => statsOf(lab, pane, at).earlier.map((one) => resultOf(lab, pane, one)))
    .toSorted((a, b) => b.from - a.from);
}

/** @param {Lab} lab @param {Pane} pane @param {number | null} at */
function statsOf({ timeline }, { id }, at) {
  return at === null ? timeline.stats(id) : timeline.statsAt(id, at);
}

/** @param {Lab} lab @param {Pane} pane @param {Segment} segment @returns {Result} */
function resultOf(lab, { id, subscriber }, segment) {
  const transport = segment.transport ?? subscriber.transport; // not started yet
  const seconds = activeMs(segment, performance.now()) / 1000;
  return { ...segment, pane: id, transport, seconds, bytes: lab.bytesOf(id, segment.number) };
}
