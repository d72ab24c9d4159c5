/**
 * A pane: one subscriber, with its figures, its messages and its ladder diagram.
 *
 * @typedef {import('../model/events.js').TimedPaneEvent} TimedPaneEvent
 * @typedef {import('../model/intervals.js').Interval} Interval
 * @typedef {import('../model/meters.js').ByteCounts} ByteCounts
 * @typedef {import('../model/stats.js').Stats} Stats
 * @typedef {import('../model/types.js').PaneId} PaneId
 * @typedef {import('../model/types.js').TransportId} TransportId
 * @typedef {import('../model/time-window.js').TimeWindow} TimeWindow
 * @typedef {import('../session/subscriber.js').Subscriber} Subscriber
 * @typedef {import('./figures.js').Headline} Headline
 * @typedef {import('./ladder-selection.js').Arrival} Arrival
 *
 * @typedef {object} Moment what a pane draws
 * @property {number} now
 * @property {number} start             of the run
 * @property {boolean} live
 * @property {Stats} stats
 * @property {number} newest            the newest version that the page knows
 * @property {TimedPaneEvent[]} events  of this pane, up to now
 * @property {Interval[]} intervals
 * @property {boolean} statsDue         whether the figures are drawn, too
 * @property {boolean} still            whether the ladder stands still
 * @property {ByteCounts} bytes
 * @property {Headline | undefined} headline known with the figures
 * @property {TimeWindow} timeWindow
 * @property {Arrival | null} selected the message to follow
 */
import { kindOf } from '../model/types.js';
import { mountCode } from './code.js';
import { mountCounters } from './counters.js';
import { h } from './dom.js';
import { mountEventLog } from './event-log.js';
import { mountFigures } from './figures.js';
import { mountLadder } from './ladder.js';
import { mountPaneHeader } from './pane-header.js';
import { mountSharedTextView } from './shared-text-view.js';
import { mountTicker } from './ticker.js';

/** Attributes of the root select what is visible, for the styles and for the panes. */
const root = document.documentElement;

/** @param {PaneId} id @param {Subscriber} subscriber @param {(version: number) => void} select */
export function mountPane(id, subscriber, select) {
  const parts = mountParts(id, subscriber, select);
  const { sharedText, ticker, ladder } = parts;
  const element = paneElement(id, parts);
  let stale = 0;

  return {
    element,
    id,
    /** @param {Moment} moment */
    draw(moment) {
      const { live, stats, statsDue } = moment;
      const transport = (live ? null : stats.segment.transport) ?? subscriber.transport;
      element.dataset.kind = kindOf(transport);
      drawMessages(parts, moment);
      if (stats.stale > stale) sharedText.flash();
      stale = stats.stale;
      if (statsDue) drawFigures(parts, moment, transport);
    },
    /** Time has passed without an event. */
    move: ladder.move,
    showHistory: ticker.showHistory,
    clear() {
      ticker.clear();
      ladder.clear();
    },
    /** Kinds of marks that are in view. */
    get marks() {
      return element.hidden ? [] : ladder.marks();
    },
    get ladderWidth() {
      return ladder.width;
    },
    get kind() {
      return kindOf(subscriber.transport);
    },
  };
}

/** @param {PaneId} id @param {ReturnType<typeof mountParts>} parts */
function paneElement(id, { header, figures, sharedText, ticker, code, eventLog, ladder, counters }) {
  return h(
    'article',
    { 'class': 'pane', 'id': `pane-${id}`, 'data-testid': `pane-${id}` },
    header.element,
    figures.element,
    sharedText.element,
    h('div', { class: 'content' }, ticker.element, code.element, eventLog.element),
    ladder.element,
    counters.element,
  );
}

/** @param {PaneId} id @param {Subscriber} subscriber @param {(version: number) => void} select */
function mountParts(id, subscriber, select) {
  return {
    header: mountPaneHeader(id, subscriber),
    figures: mountFigures(id),
    sharedText: mountSharedTextView(id),
    ticker: mountTicker(id, select),
    code: mountCode(id),
    eventLog: mountEventLog(id),
    ladder: mountLadder(id, 'Requests and responses', select),
    counters: mountCounters(id),
  };
}

/** @param {ReturnType<typeof mountParts>} parts @param {Moment} moment */
function drawMessages({ ladder, ticker, sharedText }, moment) {
  const { stats, timeWindow, statsDue, still } = moment;
  if (statsDue && !still) ladder.draw(moment);
  else if (!still) ladder.move(timeWindow.to);
  ticker.draw(stats.entries, moment.selected?.version ?? null);
  sharedText.draw(stats.text ?? ticker.historyText, stats, moment.now);
}

/** @param {ReturnType<typeof mountParts>} parts @param {Moment} moment
 *  @param {TransportId} transport */
function drawFigures({ header, figures, counters, code, eventLog }, moment, transport) {
  const { now, start, stats, newest, events, bytes, headline } = moment;
  header.draw(transport);
  const { content, preset } = root.dataset;
  if (headline) figures.draw(headline, stats, now, newest, preset !== 'free');
  counters.draw({ ...stats, ...stats.segment, ...bytes }, kindOf(transport));
  if (content === 'loop' || content === 'code') code.draw(transport, events.at(-1), content === 'loop');
  if (content === 'log' || root.dataset.tables) eventLog.draw(events, start);
}
