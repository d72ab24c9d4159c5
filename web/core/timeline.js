/**
 * The timeline: the events of the last 40 seconds, and the figures that older ones left
 * behind. It answers what was known at any moment that it still reaches.
 *
 * @typedef {import('./events.js').Figures} Figures
 * @typedef {import('./events.js').LabEvent} LabEvent
 */
import { copyFigures, tally, zeroFigures } from './events.js';

/** Replay reaches back 30 s; a preset's run of 20 s is kept whole. */
const KEPT_MS = 40_000;

export function createTimeline() {
  /** @type {LabEvent[]} */
  let events = [];
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

  function prune() {
    const from = performance.now() - KEPT_MS;
    let gone = 0;
    for (let event = events[gone]; event && event.at < from; event = events[++gone]) {
      count(forgotten, event);
    }
    if (gone > 0) events = events.slice(gone);
  }

  return {
    /** @param {LabEvent} event */
    add(event) {
      events.push(event);
      count(live, event);
      if (events.length % 256 === 0) prune();
    },
    clear() {
      events = [];
      live.clear();
      forgotten.clear();
    },
    get events() {
      return events;
    },
    /** A pane's figures now, to be read only. @param {string} pane @returns {Figures} */
    figures: (pane) => of(live, pane),
    /** A pane's figures as they were. @param {string} pane @param {number} at */
    figuresAt(pane, at) {
      const figures = copyFigures(of(forgotten, pane));
      for (const event of events) {
        if (event.at > at) break;
        if (event.pane === pane) {
          tally(figures, /** @type {import('./events.js').Happening} */ (event));
        }
      }
      return figures;
    },
  };
}

/** @typedef {ReturnType<typeof createTimeline>} Timeline */
