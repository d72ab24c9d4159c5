/**
 * The timeline: the events of the last 30 seconds, and the figures that older ones left
 * behind. It answers what was known at any moment that it still reaches.
 *
 * @typedef {import('./events.js').Figures} Figures
 * @typedef {import('./events.js').LabEvent} LabEvent
 */
import { copyFigures, tally, zeroFigures } from './events.js';

/** As far as a replay reaches back; a preset's run of 20 s is kept whole. */
export const KEPT_MS = 30_000;

/** How much older the oldest event may grow before it is looked for: one look costs all events. */
const SLACK_MS = 1000;

export function createTimeline() {
  /** @type {LabEvent[]} */
  let events = [];
  /** The same by pane. @type {Map<string, LabEvent[]>} */
  let byPane = new Map();
  /** Figures by pane: of all events, and of those that are kept no longer. */
  /** @type {Map<string, Figures>} */
  const live = new Map();
  /** @type {Map<string, Figures>} */
  const forgotten = new Map();

  /** @param {Map<string, Figures>} by @param {string} pane */
  function of(by, pane) {
    let figures = by.get(pane);
    if (!figures) by.set(pane, (figures = zeroFigures()));
    return figures;
  }

  /** @param {Map<string, Figures>} by @param {LabEvent} event */
  function count(by, event) {
    if (event.pane !== null) {
      tally(of(by, event.pane), /** @type {import('./events.js').Happening} */ (event));
    }
  }

  /** @param {LabEvent} event */
  function file(event) {
    const own = byPane.get(event.pane ?? '');
    if (own) own.push(event);
    else byPane.set(event.pane ?? '', [event]);
  }

  /** @param {number} now */
  function prune(now) {
    const from = now - KEPT_MS;
    let gone = 0;
    for (let event = events[gone]; event && event.at < from; event = events[++gone]) {
      count(forgotten, event);
    }
    events = events.slice(gone);
    byPane = new Map();
    for (const event of events) file(event);
  }

  return {
    /** @param {LabEvent} event */
    add(event) {
      events.push(event);
      file(event);
      count(live, event);
      // What the page itself notes after a run takes nothing of it away.
      if (event.pane !== null && event.at - (events[0]?.at ?? 0) > KEPT_MS + SLACK_MS) prune(event.at);
    },
    clear() {
      events = [];
      byPane.clear();
      live.clear();
      forgotten.clear();
    },
    get events() {
      return events;
    },
    /** The events of one pane, or of none. @param {string | null} pane @returns {LabEvent[]} */
    eventsOf: (pane) => byPane.get(pane ?? '') ?? [],
    /** A pane's figures now, to be read only. @param {string} pane @returns {Figures} */
    figures: (pane) => of(live, pane),
    /** A pane's figures as they were. @param {string} pane @param {number} at */
    figuresAt(pane, at) {
      const figures = copyFigures(of(forgotten, pane));
      for (const event of byPane.get(pane) ?? []) {
        if (event.at > at) break;
        tally(figures, /** @type {import('./events.js').Happening} */ (event));
      }
      return figures;
    },
  };
}

/** @typedef {ReturnType<typeof createTimeline>} Timeline */
