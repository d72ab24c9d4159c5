/**
 * The figures of all panes at a moment.
 *
 * @typedef {import('../model/figures.js').PaneFigures} PaneFigures
 * @typedef {import('./lab.js').Lab} Lab
 */
import { figuresOf } from '../model/figures.js';
import { intervalsOf } from '../model/intervals.js';

/** @param {Lab} lab @param {number | null} at null: now, or the end of the run @returns {PaneFigures[]} */
export function paneFigures({ timeline, panes, bytesOf }, at) {
  const { startedAt, stoppedAt } = timeline.pageStats;
  const now = at ?? stoppedAt ?? performance.now();
  const isPast = at !== null;
  const upTo = (/** @type {{ at: number }} */ event) => !isPast || event.at <= now;
  const intervals = intervalsOf(timeline.pageEvents.filter(upTo), now);
  return panes.map(({ id, subscriber }) => {
    const events = timeline.paneEvents(id).filter((event) => event.at >= startedAt && upTo(event));
    const stats = isPast ? timeline.statsAt(id, now) : timeline.stats(id);
    const bytes = isPast ? { up: null, down: null } : bytesOf(id);
    const transport = stats.segment.transport ?? subscriber.transport;
    return figuresOf(stats, events, intervals, bytes, now, transport);
  });
}
