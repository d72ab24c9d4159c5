/**
 * A pane: one subscriber, its technique, its figures, its ladder, and what it received.
 *
 * @typedef {import('../model/events.js').Figures} Figures
 * @typedef {import('../model/events.js').LabEvent} LabEvent
 * @typedef {import('../session/lab.js').PaneId} PaneId
 * @typedef {import('../session/subscriber.js').Subscriber} Subscriber
 * @typedef {import('../transports/index.js').Family} Family
 * @typedef {import('../transports/index.js').TechniqueId} TechniqueId
 *
 * @typedef {object} Moment what a pane draws
 * @property {number} now
 * @property {number} start       of the run
 * @property {boolean} live
 * @property {Figures} figures
 * @property {LabEvent[]} events  of this pane, up to now
 * @property {import('../model/intervals.js').Span[]} spans
 * @property {boolean} figuresDue   whether the figures are drawn, too
 * @property {boolean} still        whether the ladder stands still
 * @property {{ up: number | null, down: number | null }} bytes
 */
import { count, duration, durationText } from '../model/format.js';
import { latencyOf } from '../session/state.js';
import { techniqueIds, techniques } from '../transports/index.js';
import { mountCode } from './code.js';
import { mountCounters } from './counters.js';
import { h, setText } from './dom.js';
import { mountLadder } from './ladder.js';
import { mountLog } from './event-log.js';
import { mountTicker } from './ticker.js';

/** As many HTTP/1.1 connections as browsers open to one host; more requests wait. */
const CONNECTIONS = 6;

/** Which views are on is said by attributes of the root, for the style and for this. */
const root = document.documentElement;

const EVERY_MS = { min: 50, max: 60_000, step: 50 };

/** @type {Record<Family, { name: string, glyph: string }>} */
export const FAMILIES = {
  poll: { name: 'Polling', glyph: '■' },
  longpoll: { name: 'Long polling', glyph: '▲' },
  ws: { name: 'WebSocket', glyph: '●' },
};

/**
 * @param {PaneId} id
 * @param {Subscriber} subscriber
 */
export function mountPane(id, subscriber) {
  const glyph = h('span', { 'class': 'glyph', 'aria-hidden': 'true' });
  const name = h('span');
  const select = h(
    'select',
    {
      'aria-label': 'Technique',
      'data-testid': `${id}-technique`,
      'onchange': () =>
        subscriber.change({ technique: /** @type {TechniqueId} */ (select.value) }),
    },
    ...techniqueIds.map((own) => h('option', { value: own }, techniques[own].label)),
  );
  const every = h('input', {
    'type': 'number',
    ...EVERY_MS,
    'aria-label': 'Polling interval in milliseconds',
    'data-testid': `${id}-every`,
    'onchange': () => {
      if (every.checkValidity()) subscriber.change({ every: every.valueAsNumber });
      else every.value = String(subscriber.every);
    },
  });
  const interval = h('label', { class: 'every' }, h('span', {}, 'every'), every, 'ms');
  const pill = h('span', { 'class': 'pill', 'data-testid': `${id}-state` });
  const median = h('b', { 'data-testid': `${id}-median` });
  const sample = h('div');
  const position = h('div', { 'data-testid': `${id}-position` });
  const mirror = h('p', {
    'class': 'mirror',
    'dir': 'auto',
    'tabindex': '0',
    'role': 'textbox',
    'aria-readonly': 'true',
    'aria-label': 'The shared text as this pane has it',
    'data-testid': `${id}-mirror`,
  });
  const ticker = mountTicker(id);
  const code = mountCode(id);
  const log = mountLog(id);
  const ladder = mountLadder(id, 'Requests and answers of the last ten seconds');
  const counters = mountCounters(id);
  const element = h(
    'article',
    { 'class': 'pane', 'id': `pane-${id}`, 'data-testid': `pane-${id}` },
    h('header', {}, h('h2', {}, glyph, name), select, interval),
    h('div', { class: 'figures' }, median, h('div', { class: 'about' }, sample, position), pill),
    mirror,
    h('div', { class: 'content' }, ticker.element, code.element, log.element),
    ladder.element,
    counters.element,
  );

  let stale = 0;

  return {
    element,
    id,
    /** @param {Moment} moment */
    draw({ now, start, live, figuresDue, still, figures, events, spans, bytes }) {
      const technique = live ? subscriber.technique : techniqueAt(events, subscriber.technique);
      const { family } = techniques[technique];
      element.dataset.family = family;
      if (figuresDue && !still) ladder.draw(events, spans, now, family);
      else if (!still) ladder.move(now);
      ticker.draw(figures.lines);
      const text = figures.text ?? ticker.earlierText;
      setText(mirror, text ? String(text.body) : '');
      if (figures.stale > stale) flash(element);
      stale = figures.stale;
      if (!figuresDue) return;
      setText(glyph, FAMILIES[family].glyph);
      setText(name, FAMILIES[family].name);
      if (select.value !== technique) select.value = technique;
      if (document.activeElement !== every) every.value = String(subscriber.every);
      interval.hidden = family !== 'poll';
      setText(pill, live ? pillOf(subscriber, figures) : 'paused');
      pill.dataset.state = live ? subscriber.state : 'stopped';

      const { n, p50, p95, last, error } = latencyOf(figures);
      const { value, unit } = duration(p50);
      median.replaceChildren(value, h('small', {}, unit));
      const about = error > 0 ? `, ±\u00a0${durationText(error)}` : '';
      setText(
        sample,
        n === 0
          ? 'median latency'
          : `median of ${count(n)}${about} · p95 ${durationText(p95)} · last ${durationText(last)}`,
      );
      setText(position, positionOf(figures, subscriber));
      counters.draw({ ...figures, ...bytes });
      if (root.dataset.content === 'code') code.draw(technique, events.at(-1));
      if (root.dataset.content === 'log' || root.dataset.tables) log.draw(events, start);
    },
    /** Nothing happened, but time went by. */
    move: ladder.move,
    showHistory: ticker.showHistory,
    clear() {
      ticker.clear();
      ladder.clear();
    },
    get family() {
      return techniques[subscriber.technique].family;
    },
  };
}

/** @param {HTMLElement} element */
function flash(element) {
  element.classList.remove('flash');
  void element.offsetWidth; // starts the animation again
  element.classList.add('flash');
}

/** @param {LabEvent[]} events @param {TechniqueId} otherwise */
function techniqueAt(events, otherwise) {
  const last = events.findLast(({ type }) => type === 'technique');
  return last?.type === 'technique' ? last.technique : otherwise;
}

/** @param {Subscriber} subscriber @param {Figures} figures */
function pillOf({ state, stateSince, technique }, { inFlight }) {
  const seconds = ((performance.now() - stateSince) / 1000).toFixed(0);
  if (state !== 'stopped' && inFlight >= CONNECTIONS) return `${inFlight} in flight ⚠ ${CONNECTIONS} at a time`;
  switch (state) {
    case 'polling':
      return technique === 'interval' && inFlight > 1 ? `${inFlight} in flight` : 'polling';
    case 'held':
      return `held ${seconds}\u00a0s`;
    case 'connecting':
      return 'connecting…';
    case 'retrying':
      return 'no connection, trying';
    default:
      return state;
  }
}

/** @param {Figures} figures @param {Subscriber} subscriber */
function positionOf({ delivered, shown, head }, { started }) {
  if (!started || (delivered === 0 && shown === 0)) return 'nothing shown yet';
  const behind = head - shown;
  return `showing #${shown}, ${behind > 0 ? `${count(behind)} behind` : 'up to date'}`;
}
