/**
 * A ladder diagram: the browser's rail on top, the server's below, newest right.
 *
 * @typedef {import('../model/time-window.js').TimeWindow} TimeWindow
 * @typedef {import('./ladder-geometry.js').Geometry} Geometry
 * @typedef {import('./ladder-marks.js').Canvas} Canvas
 * @typedef {import('./ladder-layers.js').LadderMoment} LadderMoment
 */
import { axisTicks } from '../model/time-window.js';
import { h } from './dom.js';
import { MARK_ROOM, createGeometry } from './ladder-geometry.js';
import { createLabels } from './ladder-labels.js';
import { createLayers } from './ladder-layers.js';
import { nearestVersion } from './ladder-selection.js';
import { fontSizeOf, s, widthOf } from './svg.js';

/** How far the moving layer moves before its origin is reset: large offsets blur. */
const MAX_OFFSET_MS = 120_000;

/** Space right of now, in pixels; a part of it shows half a mark. */
const MARGIN_RIGHT = 12;

const AXIS_LABELS = 6;

/** @param {string} id @param {string} title @param {(version: number) => void} select */
export function mountLadder(id, title, select) {
  const geometry = createGeometry();
  /** @type {Canvas} */
  const canvas = { geometry, labels: createLabels(geometry), intervals: [] };
  const layers = createLayers(canvas);
  const pane = h('div', { class: 'window' }, layers.element);
  const rails = s('svg', { class: 'rails' });
  const attributes = { 'role': 'img', 'aria-label': title, 'data-testid': `${id}-ladder` };
  const element = h('div', { class: 'ladder', ...attributes }, rails, pane);
  /** @type {LadderMoment | null} */
  let moment = null;
  function drawMoment() {
    if (geometry.width === 0 || !moment) return;
    applyWindow(geometry, rails, moment.timeWindow, layers.clear);
    canvas.intervals = moment.intervals;
    element.dataset.density = layers.draw(moment);
  }

  new ResizeObserver(([entry]) => {
    if (entry) layOut(geometry, rails, pane, entry.contentRect);
    layers.clear();
    drawMoment(); // with reduced motion the next frame may be a second away
  }).observe(element);
  listenToPointer(pane, geometry, () => moment, select);

  return {
    element,
    clear: () => layers.clear(),
    move: layers.move,
    marks: layers.kinds,
    get width() {
      return geometry.width;
    },
    /** @param {LadderMoment} next */
    draw(next) {
      moment = next;
      drawMoment();
    },
  };
}

/** Selects the message that is nearest to the pointer: a mark is too small for a finger.
 * @param {HTMLElement} pane @param {Geometry} geometry @param {() => LadderMoment | null} moment
 * @param {(version: number) => void} select */
function listenToPointer(pane, geometry, moment, select) {
  for (const type of /** @type {const} */ (['pointermove', 'pointerdown'])) {
    pane.addEventListener(type, (event) => {
      const current = moment();
      if (!current) return;
      const { left, width } = pane.getBoundingClientRect();
      const { to, span } = current.timeWindow;
      const at = to - ((width - MARK_ROOM - (event.clientX - left)) * span) / geometry.width;
      const version = nearestVersion(current.events, at, (16 * span) / geometry.width);
      if (version !== null) select(version);
    });
  }
}

/** @param {Geometry} geometry @param {SVGElement} rails @param {TimeWindow} timeWindow
 *  @param {(origin: number) => void} clear */
function applyWindow(geometry, rails, timeWindow, clear) {
  const { to, span, isFitted } = timeWindow;
  const isOther = geometry.span !== span || geometry.hasAxis !== isFitted;
  if (!isOther && Math.abs(to - geometry.origin) <= MAX_OFFSET_MS) return;
  const hadAxis = geometry.hasAxis;
  Object.assign(geometry, { span, hasAxis: isFitted });
  clear(to);
  if (isFitted || hadAxis) drawRails(geometry, rails, isFitted ? timeWindow : null);
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
  geometry.gutter = gutter;
  geometry.hasAxis = false; // drawn with the next moment
  pane.style.left = `${gutter}px`;
  pane.style.right = `${MARGIN_RIGHT - MARK_ROOM}px`;
  drawRails(geometry, rails, null);
}

/** @param {Geometry} geometry @param {SVGElement} rails @param {TimeWindow | null} axis */
function drawRails(geometry, rails, axis) {
  const { gutter, width, fontSize, height } = geometry;
  const end = gutter + width + MARGIN_RIGHT;
  const rail = (/** @type {number} */ y, /** @type {string} */ name) => [
    s('text', { 'x': gutter - 8, 'y': y + fontSize / 3, 'text-anchor': 'end' }, name),
    s('line', { x1: gutter, x2: end, y1: y, y2: y }),
  ];
  const labels = axis ? axisTicks(axis, Math.min(AXIS_LABELS, width / (4 * fontSize))) : [];
  rails.replaceChildren(
    ...rail(geometry.top, 'browser'),
    ...rail(geometry.bottom, 'server'),
    ...labels.map(({ at, text }) => {
      const x = gutter + width - (((axis?.to ?? 0) - at) * width) / geometry.span;
      const half = widthOf(text, fontSize) / 2;
      const middle = Math.min(end - half, x);
      return s('text', { 'class': 'axis-label', 'x': middle, 'y': height - 4, 'text-anchor': 'middle' }, text);
    }),
  );
}
