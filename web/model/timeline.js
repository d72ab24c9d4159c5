/**
 * The timeline: the events of the last 30 seconds, and the statistics of all. It can compute
 * the statistics of any moment that it still reaches.
 *
 * @typedef {import('./events.js').LabEvent} LabEvent
 * @typedef {import('./events.js').TimedPageEvent} TimedPageEvent
 * @typedef {import('./events.js').TimedPaneEvent} TimedPaneEvent
 * @typedef {import('./stats.js').PageStats} PageStats
 * @typedef {import('./stats.js').Stats} Stats
 *
 * @typedef {{ byPane: Map<string, Stats>, newest: number }} PaneStatsSnapshot
 * @typedef {{ events: LabEvent[], current: PaneStatsSnapshot, pruned: PaneStatsSnapshot,
 *             page: PageStats }} TimelineSnapshot
 *
 * @typedef {object} Held
 * @property {ReturnType<typeof indexEvents>} events
 * @property {ReturnType<typeof createPaneStats>} currentStats
 * @property {ReturnType<typeof createPaneStats>} prunedStats of the events that are no longer kept
 * @property {PageStats} pageStats
 */
import { newestVersionOf } from './events.js';
import { applyEvent, applyPageEvent, cloneStats, emptyPageStats, emptyStats } from './stats.js';

/** How far a replay reaches back; a preset's run of 20 s is kept as a whole. */
export const KEPT_MS = 30_000;

/** Age of the oldest event beyond `KEPT_MS` before pruning: each pruning visits all events. */
const PRUNE_SLACK_MS = 1000;

/** @type {TimelineSnapshot} */
const EMPTY = {
  events: [],
  current: { byPane: new Map(), newest: 0 },
  pruned: { byPane: new Map(), newest: 0 },
  page: emptyPageStats(),
};

export function createTimeline() {
  const currentStats = createPaneStats();
  const prunedStats = createPaneStats();
  const pageStats = emptyPageStats();
  const held = { events: indexEvents([]), currentStats, prunedStats, pageStats };

  return {
    add: (/** @type {LabEvent} */ event) => addEvent(held, event),
    clear: () => restore(held, EMPTY),
    /** Everything that it holds now. */
    snapshot: () => snapshotOf(held),
    restore: (/** @type {TimelineSnapshot} */ snapshot) => restore(held, snapshot),
    get events() {
      return held.events.all;
    },
    get pageEvents() {
      return held.events.ofPage;
    },
    pageStats,
    /** The newest version that the page knew, from whichever pane. @param {number} at */
    newestAt: (at) => newestUntil(prunedStats.newest, held.events.all, at),
    paneEvents: (/** @type {string} */ pane) => held.events.ofPane(pane),
    /** A pane's current statistics, read only. */
    stats: currentStats.statsFor,
    /** A pane's statistics at a moment. @param {string} pane @param {number} at */
    statsAt: (pane, at) => foldUntil(prunedStats.statsFor(pane), held.events.ofPane(pane), at),
  };
}

/** @param {Held} held @param {LabEvent} event */
function addEvent(held, event) {
  const { events, currentStats, prunedStats, pageStats } = held;
  events.append(event);
  currentStats.accumulate(event);
  if (event.pane === null) return applyPageEvent(pageStats, event);
  // Only here: the page's own events after a run do not push the run out of the timeline.
  const pruned = oldEvents(events.all, event.at);
  for (const old of pruned) prunedStats.accumulate(old);
  if (pruned.length > 0) held.events = indexEvents(events.all.slice(pruned.length));
}

/** @param {Held} held @returns {TimelineSnapshot} */
function snapshotOf({ events, currentStats, prunedStats, pageStats }) {
  return {
    events: events.all.slice(),
    current: currentStats.snapshot(),
    pruned: prunedStats.snapshot(),
    page: { ...pageStats },
  };
}

/** @param {Held} held @param {TimelineSnapshot} snapshot */
function restore(held, { events, current, pruned, page }) {
  held.events = indexEvents(events);
  held.currentStats.restore(current);
  held.prunedStats.restore(pruned);
  Object.assign(held.pageStats, page);
}

/** @param {Stats} initial @param {TimedPaneEvent[]} events @param {number} at */
function foldUntil(initial, events, at) {
  const stats = cloneStats(initial);
  for (const event of events) {
    if (event.at > at) break;
    applyEvent(stats, event);
  }
  return stats;
}

/** @param {number} initial @param {LabEvent[]} events @param {number} at */
function newestUntil(initial, events, at) {
  const versions = events.filter((event) => event.at <= at).map(newestVersionOf);
  return versions.reduce((newest, version) => Math.max(newest, version), initial);
}

/** The events to prune, once there are enough. @param {LabEvent[]} events @param {number} now */
function oldEvents(events, now) {
  const oldest = events[0]?.at ?? now;
  if (now - oldest <= KEPT_MS + PRUNE_SLACK_MS) return [];
  return events.slice(0, events.findIndex(({ at }) => at >= now - KEPT_MS));
}

/** Events in order, and the same by pane. @param {LabEvent[]} initial */
function indexEvents(initial) {
  /** @type {LabEvent[]} */
  const all = [];
  /** @type {TimedPageEvent[]} */
  const ofPage = [];
  /** @type {Map<string, TimedPaneEvent[]>} */
  const byPane = new Map();

  /** @param {LabEvent} event */
  function append(event) {
    all.push(event);
    if (event.pane === null) return ofPage.push(event);
    const ofPane = byPane.get(event.pane);
    if (ofPane) ofPane.push(event);
    else byPane.set(event.pane, [event]);
  }
  for (const event of initial) append(event);

  return { all, ofPage, ofPane: (/** @type {string} */ pane) => byPane.get(pane) ?? [], append };
}

/** Statistics by pane, and the newest version. */
function createPaneStats() {
  /** @type {Map<string, Stats>} */
  const byPane = new Map();
  let newest = 0;

  /** @param {string} pane @returns {Stats} */
  function statsFor(pane) {
    const stats = byPane.get(pane) ?? emptyStats();
    byPane.set(pane, stats);
    return stats;
  }

  return {
    statsFor,
    /** @param {LabEvent} event */
    accumulate(event) {
      newest = Math.max(newest, newestVersionOf(event));
      if (event.pane !== null) applyEvent(statsFor(event.pane), event);
    },
    /** @returns {PaneStatsSnapshot} */
    snapshot: () => ({ byPane: clonePanes(byPane), newest }),
    /** @param {PaneStatsSnapshot} snapshot */
    restore(snapshot) {
      byPane.clear();
      for (const [pane, stats] of clonePanes(snapshot.byPane)) byPane.set(pane, stats);
      newest = snapshot.newest;
    },
    get newest() {
      return newest;
    },
  };
}

/** @param {Map<string, Stats>} byPane */
function clonePanes(byPane) {
  return new Map([...byPane].map(([pane, stats]) => [pane, cloneStats(stats)]));
}

/** @typedef {ReturnType<typeof createTimeline>} Timeline */
