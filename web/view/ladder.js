/**
 * A ladder diagram: the browser's rail on top, the server's below, the last ten seconds,
 * newest right.
 *
 * @typedef {import('../model/events.js').TimedPaneEvent} TimedPaneEvent
 * @typedef {import('../model/intervals.js').Interval} Interval
 * @typedef {import('../model/types.js').Exchange} Exchange
 * @typedef {import('./ladder-geometry.js').Geometry} Geometry
 * @typedef {import('./ladder-marks.js').Canvas} Canvas
 */
import { exchangeOf } from '../model/events.js';
import { switchesIn } from '../model/segments.js';
import { kindOfExchange } from '../model/types.js';
import { h } from './dom.js';
import { SPAN_MS, createGeometry } from './ladder-geometry.js';
import { createLabels } from './ladder-labels.js';
import { markOf, openRequestLines } from './ladder-marks.js';
import { fontSizeOf, s } from './svg.js';

/** Most marks of a ladder; the oldest are removed first. */
const MAX_MARKS = 600;

/** How far the moving layer moves before its origin is reset: large offsets blur. */
const MAX_OFFSET_MS = 120_000;

/** Space right of now, in pixels, and the part of it that shows half a mark. */
const MARGIN_RIGHT = 12;
const MARK_ROOM = 6;

/** @param {string} id @param {string} title */
export function mountLadder(id, title) {
  const geometry = createGeometry();
  /** @type {Canvas} */
  const canvas = { geometry, labels: createLabels(geometry), intervals: [] };
  const layers = createLayers(canvas);
  const pane = h('div', { class: 'window' }, layers.element);
  const rails = s('svg', { class: 'rails' });
  const element = h(
    'div',
    { 'class': 'ladder', 'role': 'img', 'aria-label': title, 'data-testid': `${id}-ladder` },
    rails,
    pane,
  );

  new ResizeObserver(([entry]) => {
    if (!entry) return;
    layOut(geometry, rails, pane, entry.contentRect);
    layers.clear();
  }).observe(element);

  return {
    element,
    clear: () => layers.clear(),
    move: layers.move,
    /**
     * @param {TimedPaneEvent[]} events up to `now`
     * @param {Interval[]} intervals
     * @param {number} now
     */
    draw(events, intervals, now) {
      if (geometry.width === 0) return;
      if (Math.abs(now - geometry.origin) > MAX_OFFSET_MS) layers.clear(now);
      canvas.intervals = intervals;
      layers.draw(events, now);
    },
  };
}

/** Measures the space, and draws both rails.
 * @param {Geometry} geometry @param {SVGElement} rails @param {HTMLElement} pane
 * @param {DOMRectReadOnly} space */
function layOut(geometry, rails, pane, { width, height }) {
  const longest = s('text', {}, 'browser');
  rails.replaceChildren(longest);
  const gutter = longest.getComputedTextLength() + 18;
  geometry.fontSize = fontSizeOf(longest);
  geometry.width = Math.max(0, width - gutter - MARGIN_RIGHT);
  geometry.height = height;
  pane.style.left = `${gutter}px`;
  pane.style.right = `${MARGIN_RIGHT - MARK_ROOM}px`;
  const end = gutter + geometry.width + MARGIN_RIGHT;
  const rail = (/** @type {number} */ y, /** @type {string} */ name) => [
    s('text', { 'x': gutter - 8, 'y': y + geometry.fontSize / 3, 'text-anchor': 'end' }, name),
    s('line', { x1: gutter, x2: end, y1: y, y2: y }),
  ];
  rails.replaceChildren(...rail(geometry.top, 'browser'), ...rail(geometry.bottom, 'server'));
}

/** The layers of marks. Time moves them in each frame as a whole, without painting.
 * @param {Canvas} canvas */
function createLayers(canvas) {
  const { geometry, labels } = canvas;
  const bands = s('g', { class: 'bands' });
  const marks = s('g', { class: 'marks' });
  const pending = s('g', { class: 'pending' });
  const above = s('g', { class: 'marks' }); // the overtaken ones are the lesson
  const element = s('svg', { class: 'moving' }, bands, marks, pending, above);
  /** @type {Map<TimedPaneEvent, SVGElement>} */
  const drawn = new Map();

  /** @param {number} [origin] of the layers from now on */
  function clear(origin = geometry.origin) {
    geometry.origin = origin;
    for (const layer of [bands, marks, pending, above]) layer.replaceChildren();
    drawn.clear();
    labels.clear();
  }

  /** @param {number} now */
  function move(now) {
    element.style.transform = `translateX(${(geometry.width - geometry.x(now)).toFixed(1)}px)`;
  }

  /** @param {TimedPaneEvent[]} events @param {number} now */
  function draw(events, now) {
    const visible = visibleEvents(events, now);
    removeOthers(drawn, new Set(visible));
    for (const event of visible) {
      const mark = drawn.has(event) ? null : markOf(event, canvas);
      if (!mark) continue;
      drawn.set(event, mark);
      (mark.matches('.stale, .switch') ? above : marks).append(mark);
    }
    pending.replaceChildren(...pendingLines(events, now, geometry));
    bands.replaceChildren(...canvas.intervals.map((interval) => band(interval, geometry)));
    move(now);
  }

  return { element, clear, move, draw };
}

/** @param {TimedPaneEvent[]} events @param {number} now */
function visibleEvents(events, now) {
  const switches = new Set(switchesIn(events));
  return events
    .filter(({ at }) => at >= now - SPAN_MS - 500)
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

/** Requests without an outcome, drawn beyond now to the end of the window.
 * @param {TimedPaneEvent[]} events @param {number} now @param {Geometry} geometry */
function pendingLines(events, now, geometry) {
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
      ...openRequestLines(exchange, now, now + SPAN_MS, geometry),
    ),
  );
}

/** @param {Interval} interval @param {Geometry} geometry */
function band({ kind, from, to }, geometry) {
  const [x, end] = [geometry.x(from), geometry.x(to)];
  return s('rect', { class: kind, x, y: 0, width: Math.max(0, end - x), height: geometry.height });
}
