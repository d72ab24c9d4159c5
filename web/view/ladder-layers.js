/**
 * The layers of a ladder's marks. Time moves them in each frame as a whole, without painting.
 *
 * @typedef {import('../model/events.js').TimedPaneEvent} TimedPaneEvent
 * @typedef {import('../model/intervals.js').Interval} Interval
 * @typedef {import('../model/time-window.js').TimeWindow} TimeWindow
 * @typedef {import('../model/types.js').Exchange} Exchange
 * @typedef {import('./ladder-geometry.js').Geometry} Geometry
 * @typedef {import('./ladder-marks.js').Canvas} Canvas
 * @typedef {import('./ladder-selection.js').Arrival} Arrival
 * @typedef {import('./legend.js').MarkId} MarkId
 *
 * @typedef {object} LadderMoment
 * @property {TimedPaneEvent[]} events up to the moment
 * @property {Interval[]} intervals
 * @property {number} now
 * @property {TimeWindow} timeWindow
 * @property {Arrival | null} selected the message to follow
 */
import { exchangeOf } from '../model/events.js';
import { switchesIn } from '../model/segments.js';
import { kindOfExchange } from '../model/types.js';
import { markOf, openRequestLines, travellingDot } from './ladder-marks.js';
import { selectionLine } from './ladder-selection.js';
import { s } from './svg.js';

/** Most marks of a ladder; the oldest are removed first. */
const MAX_MARKS = 600;

/** How marks are drawn, by their number.
 * @type {{ upTo: number, density: '' | 'high' | 'very-high', mark: number }[]} */
const DENSITIES = [
  { upTo: 25, density: '', mark: 5 },
  { upTo: 60, density: 'high', mark: 4 },
  { upTo: Infinity, density: 'very-high', mark: 3 },
];

/** Where each mark of the legend is. @type {Record<MarkId, string>} */
const MARK_SELECTORS = {
  request: '.request',
  response: '.response',
  data: '.data',
  empty: '.empty',
  held: '.held',
  queued: '.queued',
  stale: '.stale',
  failed: '.failed:not(.timeout)',
  timeout: '.timeout',
  closed: '.opened, .closed',
  outage: '.outage',
  hidden: '.hidden',
};

const reducedMotion = matchMedia('(prefers-reduced-motion: reduce)');

/** @param {Canvas} canvas */
export function createLayers(canvas) {
  const { geometry, labels } = canvas;
  const groups = createGroups();
  const element = s('svg', { class: 'moving' }, ...Object.values(groups));
  /** @type {Map<TimedPaneEvent, SVGElement>} */
  const drawn = new Map();

  /** @param {number} [origin] of the layers from now on */
  function clear(origin = geometry.origin) {
    geometry.origin = origin;
    for (const group of Object.values(groups)) group.replaceChildren();
    drawn.clear();
    labels.clear();
  }
  const move = (/** @type {number} */ to) => moveTo(element, to, geometry);

  /** @param {LadderMoment} moment @returns the density of the marks */
  function draw({ events, intervals, now, timeWindow, selected }) {
    const visible = visibleEvents(events, timeWindow);
    const { density, mark: size } = densityOf(visible);
    if (size !== geometry.mark) clear();
    geometry.mark = size;
    removeOthers(drawn, new Set(visible));
    const isLive = drawn.size > 0 && density === '' && !timeWindow.isFitted;
    for (const event of visible.filter((one) => !drawn.has(one))) {
      const mark = markOf(event, canvas);
      if (!mark) continue;
      drawn.set(event, mark);
      (mark.matches('.stale, .switch') ? groups.above : groups.marks).append(mark);
      if (isLive && !reducedMotion.matches) groups.dots.append(...travellingDot(event, now, geometry));
    }
    groups.pending.replaceChildren(...pendingLines(events, now, timeWindow, canvas));
    groups.bands.replaceChildren(...intervals.map((interval) => band(interval, geometry)));
    groups.selection.replaceChildren(...selectionLine(selected, geometry, timeWindow.to));
    move(timeWindow.to);
    return density;
  }

  return { element, clear, move, draw, kinds: () => kindsIn(element) };
}

/** Time has passed without an event.
 * @param {SVGElement} element @param {number} to the right end @param {Geometry} geometry */
function moveTo(element, to, geometry) {
  element.style.transform = `translateX(${(geometry.width - geometry.x(to)).toFixed(1)}px)`;
}

/** In the order in which they cover each other; overtaken responses, which are the lesson, are
 * above the others. */
function createGroups() {
  return {
    bands: s('g', { class: 'bands' }),
    marks: s('g', { class: 'marks' }),
    pending: s('g', { class: 'pending' }),
    above: s('g', { class: 'marks' }),
    dots: s('g', { class: 'dots' }),
    selection: s('g', { class: 'selection' }),
  };
}

/** What the legend explains. @param {SVGElement} element */
function kindsIn(element) {
  const ids = /** @type {MarkId[]} */ (Object.keys(MARK_SELECTORS));
  return ids.filter((id) => element.querySelector(MARK_SELECTORS[id]));
}

/** @param {TimedPaneEvent[]} visible */
function densityOf(visible) {
  const marks = visible.filter((event) => 'update' in event).length;
  return DENSITIES.find(({ upTo }) => marks <= upTo) ?? { density: '', mark: 5 };
}

/** @param {TimedPaneEvent[]} events @param {TimeWindow} timeWindow */
function visibleEvents(events, { to, span }) {
  const switches = new Set(switchesIn(events));
  return events
    .filter(({ at }) => at >= to - span - 500)
    .filter((event) => event.type !== 'transport' || switches.has(event))
    .slice(-MAX_MARKS);
}

/** @param {Map<TimedPaneEvent, SVGElement>} drawn @param {Set<TimedPaneEvent>} kept */
function removeOthers(drawn, kept) {
  for (const [event, mark] of drawn) {
    if (kept.has(event)) continue;
    mark.remove();
    drawn.delete(event);
  }
}

/** Requests without an outcome. While time passes they are drawn beyond now, and move into view.
 * @param {TimedPaneEvent[]} events @param {number} now @param {TimeWindow} timeWindow
 * @param {Canvas} canvas */
function pendingLines(events, now, { span, to, isFitted }, canvas) {
  const end = isFitted ? to : now + span;
  /** @type {Map<number, Exchange>} */
  const open = new Map();
  for (const event of events) {
    const exchange = exchangeOf(event);
    if (event.type === 'request') open.set(event.exchange.id, event.exchange);
    else if (exchange) open.delete(exchange.id);
  }
  return [...open.values()].map((exchange) =>
    s(
      'g',
      { 'data-kind': kindOfExchange(exchange) },
      ...openRequestLines(exchange, now, end, canvas),
    ),
  );
}

/** @param {Interval} interval @param {Geometry} geometry */
function band({ kind, from, to }, geometry) {
  const [x, end] = [geometry.x(from), geometry.x(to)];
  return s('rect', { class: kind, x, y: 0, width: Math.max(0, end - x), height: geometry.height });
}
