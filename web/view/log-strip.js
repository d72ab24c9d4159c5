/**
 * The log strip: every message by its version, on the same time axis as the panes.
 *
 * @typedef {import('../model/events.js').TimedPageEvent} TimedPageEvent
 * @typedef {import('../model/presets.js').Settings} Settings
 * @typedef {import('../model/time-window.js').TimeWindow} TimeWindow
 * @typedef {{ at: number, version: number }} Tick
 * @typedef {ReturnType<typeof createStripGeometry>} StripGeometry
 *
 * @typedef {object} StripMoment
 * @property {TimedPageEvent[]} events up to the moment
 * @property {TimeWindow} timeWindow
 * @property {number} start       of the run
 * @property {string} schedule    in words
 * @property {number | null} selected version
 * @property {string} selectedText
 */
import { count } from '../model/format.js';
import { axisTicks } from '../model/time-window.js';
import { h, setText } from './dom.js';
import { fontSizeOf, s, widthOf } from './svg.js';

/** Between two labels, in font sizes. */
const LABEL_GAP = 0.8;

/** Right of now, in pixels. */
const MARGIN_RIGHT = 12;

/** How near a pointer must be to a tick, in pixels. */
const REACH = 16;

const AXIS_LABELS = 11;

const LABEL = 'The log: messages by version';

/** @param {(version: number) => void} select */
export function mountLogStrip(select) {
  const drawing = mountStripDrawing(select);
  const table = mountStripTable();
  const caption = h('p');
  const selected = h('p', { 'class': 'selected-message', 'data-testid': 'selected-message' });
  return {
    element: h(
      'section',
      { 'class': 'log-strip', 'aria-label': 'The log' },
      h('div', {}, h('h2', {}, 'The log'), caption, selected),
      drawing.element,
      table.element,
    ),
    /** @param {StripMoment} moment */
    draw(moment) {
      const { events, timeWindow, start, schedule, selectedText } = moment;
      setText(caption, schedule);
      caption.hidden = selectedText !== '';
      setText(selected, selectedText);
      const ticks = events.flatMap(tickOf).filter(({ at }) => at >= timeWindow.to - timeWindow.span);
      if (table.element.offsetParent) table.draw(ticks, start);
      drawing.draw(ticks, timeWindow, moment.selected);
    },
    move: drawing.move,
  };
}

/** A message of this page, or the first arrival of another client's.
 * @param {TimedPageEvent} event @returns {Tick[]} */
function tickOf(event) {
  if (event.type === 'published') return [{ at: event.at, version: event.version }];
  return event.type === 'remote' ? [{ at: event.at, version: event.message.version }] : [];
}

/** @param {(version: number) => void} select */
function mountStripDrawing(select) {
  const geometry = createStripGeometry();
  const moving = s('svg', { class: 'moving' });
  const axis = s('svg', { class: 'scale' });
  const attributes = { 'role': 'img', 'aria-label': LABEL, 'data-testid': 'truth' };
  const ticksElement = h('div', { class: 'ticks' }, moving);
  const element = h('div', { class: 'strip-drawing', ...attributes }, axis, ticksElement);
  /** Describes what is drawn. */
  let drawn = '';

  new ResizeObserver(([entry]) => {
    Object.assign(geometry, { width: entry?.contentRect.width, height: entry?.contentRect.height });
    drawn = '';
  }).observe(element);
  listenToPointer(element, geometry, select);

  /** Time has passed without an event. @param {number} to the right end */
  function move(to) {
    geometry.to = to;
    const x = geometry.right - geometry.x(to);
    moving.style.transform = `translateX(${x.toFixed(1)}px)`;
  }

  /** @param {Tick[]} ticks @param {TimeWindow} timeWindow @param {number | null} selected */
  function draw(ticks, timeWindow, selected) {
    const { span, isFitted, to } = timeWindow;
    const versions = ticks.map(({ version, at }) => `${version}@${at}`);
    const next = `${geometry.width} ${span} ${isFitted} ${selected} ${versions}`;
    if (next !== drawn) {
      drawn = next;
      Object.assign(geometry, { span, origin: to, ticks });
      const fontSize = fontSizeOf(element);
      axis.replaceChildren(...axisElements(geometry, timeWindow, fontSize));
      moving.replaceChildren(...tickElements(ticks, geometry, timeWindow, fontSize, selected));
    }
    move(to);
  }

  return { element, move, draw };
}

/** Selects the message that is nearest to the pointer.
 * @param {HTMLElement} element @param {StripGeometry} geometry @param {(version: number) => void} select */
function listenToPointer(element, geometry, select) {
  for (const type of /** @type {const} */ (['pointermove', 'pointerdown'])) {
    element.addEventListener(type, ({ clientX }) => {
      const x = clientX - element.getBoundingClientRect().left;
      const at = geometry.to - (geometry.right - x) * geometry.msPerPixel;
      const tick = nearestTick(geometry.ticks, at, geometry);
      if (tick) select(tick.version);
    });
  }
}

/** @param {Tick[]} ticks @param {number} at @param {StripGeometry} geometry */
function nearestTick(ticks, at, { msPerPixel }) {
  const distance = (/** @type {Tick} */ tick) => Math.abs(tick.at - at);
  const [nearest] = ticks.toSorted((a, b) => distance(a) - distance(b));
  return nearest && distance(nearest) < REACH * msPerPixel ? nearest : null;
}

function createStripGeometry() {
  return {
    width: 0,
    height: 0,
    /** The time that is shown, in milliseconds. */
    span: 1,
    /** The moment at x = 0 of the moving layer. */
    origin: 0,
    /** The moment at the right end. */
    to: 0,
    /** @type {Tick[]} */
    ticks: [],
    get right() {
      return this.width - MARGIN_RIGHT;
    },
    get middle() {
      return this.height / 2 + 2;
    },
    get msPerPixel() {
      return this.span / this.right;
    },
    /** @param {number} at */
    x(at) {
      return (at - this.origin) / this.msPerPixel;
    },
  };
}

/** The axis: seconds before the moment that is shown, or seconds of the run.
 * @param {StripGeometry} geometry @param {TimeWindow} timeWindow @param {number} fontSize */
function axisElements({ width, height, right, middle, msPerPixel }, timeWindow, fontSize) {
  const labels = axisTicks(timeWindow, AXIS_LABELS).map(({ at, text }) => {
    const half = widthOf(text, fontSize) / 2;
    const x = right - (timeWindow.to - at) / msPerPixel;
    const inside = Math.min(width - half - 2, Math.max(half + 2, x));
    return s('text', { 'class': 'axis-label', 'x': inside, 'y': height - 3, 'text-anchor': 'middle' }, text);
  });
  return [s('line', { x1: 0, x2: width, y1: middle, y2: middle }), ...labels];
}

/** Ticks, each with its version if that fits: labels neither touch nor are cut off.
 * @param {Tick[]} ticks @param {StripGeometry} geometry @param {TimeWindow} timeWindow
 * @param {number} fontSize @param {number | null} selected */
function tickElements(ticks, geometry, { span, to, isFitted }, fontSize, selected) {
  const { middle, msPerPixel } = geometry;
  let lastEnd = geometry.x(to - span);
  const elements = [];
  for (const { at, version } of ticks) {
    const x = geometry.x(at);
    const isSelected = version === selected;
    const reach = isSelected ? 13 : 9;
    const line = { x1: x, x2: x, y1: middle - reach, y2: middle + reach };
    const tick = s('line', { ...line, 'data-version': version });
    tick.classList.toggle('selected', isSelected);
    elements.push(tick);
    const label = `#${version}`;
    const half = widthOf(label, fontSize) / 2;
    const isCut = isFitted && (to - at) / msPerPixel + MARGIN_RIGHT < half;
    if (isCut || x - half < lastEnd + LABEL_GAP * fontSize) continue;
    lastEnd = x + half;
    elements.push(s('text', { x, 'y': middle - 14, 'text-anchor': 'middle' }, label));
  }
  return elements;
}

/** The drawing as a table, newest first. */
function mountStripTable() {
  const versions = h('tr');
  const times = h('tr');
  return {
    element: h(
      'div',
      { class: 'table-view', tabindex: '0', role: 'region', 'aria-label': LABEL },
      h('table', { 'aria-label': LABEL, 'data-testid': 'truth-table' }, versions, times),
    ),
    /** @param {Tick[]} ticks @param {number} start of the run */
    draw(ticks, start) {
      const newestFirst = ticks.toReversed();
      fillRow(versions, 'version', newestFirst.map(({ version }) => `#${version}`));
      const seconds = newestFirst.map(({ at }) => `${((at - start) / 1000).toFixed(2)}\u00a0s`);
      fillRow(times, 'at', seconds);
    },
  };
}

/** @param {HTMLTableRowElement} row @param {string} name @param {string[]} cells */
function fillRow(row, name, cells) {
  const values = cells.map((cell) => h('td', {}, cell));
  row.replaceChildren(h('th', { scope: 'row' }, name), ...values);
}

/** When messages are published, in words.
 * @param {Settings} settings @param {number} publisherRate */
export function scheduleText({ preset, schedule }, publisherRate) {
  if (preset?.typed) return 'a letter every 150 ms';
  if (preset?.dueTimes) return `messages at ${preset.dueTimes.map((ms) => ms / 1000).join(', ')} s`;
  const process = preset?.schedule ?? schedule;
  if (process === 'off') return preset ? 'no messages' : 'messages by version';
  const rate = preset?.rate ?? publisherRate;
  return process === 'steady'
    ? `a message every ${count(Math.round(1000 / rate))} ms`
    : `Poisson, ${rate} per second`;
}
