/**
 * The log strip: every message by its version, on the same time axis as the panes.
 *
 * @typedef {import('../model/events.js').TimedPageEvent} TimedPageEvent
 * @typedef {import('../model/presets.js').Settings} Settings
 * @typedef {{ at: number, version: number }} Tick
 * @typedef {ReturnType<typeof createStripGeometry>} StripGeometry
 */
import { count } from '../model/format.js';
import { h, setText } from './dom.js';
import { SPAN_MS } from './ladder-geometry.js';
import { fontSizeOf, s, widthOf } from './svg.js';

/** Between two labels, in font sizes. */
const LABEL_GAP = 0.5;

/** Right of now, in pixels. */
const MARGIN_RIGHT = 12;

const LABEL = 'The log: messages of the last ten seconds';

export function mountLogStrip() {
  const drawing = mountStripDrawing();
  const table = mountStripTable();
  const caption = h('p');
  return {
    element: h(
      'section',
      { 'class': 'log-strip', 'aria-label': 'The log' },
      h('div', {}, h('h2', {}, 'The log'), caption),
      drawing.element,
      table.element,
    ),
    /**
     * @param {TimedPageEvent[]} events up to `now`
     * @param {number} now
     * @param {number} start of the run
     * @param {string} text
     */
    draw(events, now, start, text) {
      setText(caption, text);
      const ticks = events.flatMap(tickOf).filter(({ at }) => at >= now - SPAN_MS);
      if (table.element.offsetParent) table.draw(ticks, start);
      drawing.draw(ticks, now);
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

function mountStripDrawing() {
  const geometry = createStripGeometry();
  const moving = s('svg', { class: 'moving' });
  const axis = s('svg', { class: 'scale' });
  const element = h(
    'div',
    { 'class': 'strip-drawing', 'role': 'img', 'aria-label': LABEL, 'data-testid': 'truth' },
    axis,
    moving,
  );
  /** Describes what is drawn. */
  let drawn = '';

  new ResizeObserver(([entry]) => {
    if (!entry) return;
    const { width, height } = entry.contentRect;
    Object.assign(geometry, { width, height });
    axis.replaceChildren(...axisElements(geometry));
  }).observe(element);

  /** Time has passed without an event. @param {number} now */
  function move(now) {
    const x = geometry.right - geometry.x(now);
    moving.style.transform = `translateX(${x.toFixed(1)}px)`;
  }

  /** @param {Tick[]} ticks @param {number} now */
  function draw(ticks, now) {
    const next = `${geometry.width} ${ticks.map(({ version, at }) => `${version}@${at}`)}`;
    if (next !== drawn) {
      drawn = next;
      geometry.origin = now;
      moving.replaceChildren(...tickElements(ticks, geometry, fontSizeOf(element)));
    }
    move(now);
  }

  return { element, move, draw };
}

function createStripGeometry() {
  return {
    width: 0,
    height: 0,
    /** The moment at x = 0 of the moving layer. */
    origin: 0,
    get right() {
      return this.width - MARGIN_RIGHT;
    },
    get middle() {
      return this.height / 2 + 2;
    },
    /** @param {number} at */
    x(at) {
      return (at - this.origin) * (this.right / SPAN_MS);
    },
  };
}

/** The axis, with seconds before the moment that is shown.
 * @param {StripGeometry} geometry */
function axisElements({ width, height, right, middle }) {
  const labels = [10, 8, 6, 4, 2, 0].map((seconds) => {
    const x = (1 - seconds / 10) * right;
    return s(
      'text',
      {
        'x': Math.min(width - 2, Math.max(2, x)),
        'y': height - 3,
        'text-anchor': seconds === 0 ? 'end' : seconds === 10 ? 'start' : 'middle',
      },
      seconds === 0 ? '0 s' : `−${seconds} s`,
    );
  });
  return [s('line', { x1: 0, x2: width, y1: middle, y2: middle }), ...labels];
}

/** @param {Tick[]} ticks @param {StripGeometry} geometry @param {number} fontSize */
function tickElements(ticks, geometry, fontSize) {
  const { middle } = geometry;
  let lastEnd = -Infinity;
  const elements = [];
  for (const { at, version } of ticks) {
    const x = geometry.x(at);
    const line = { x1: x, x2: x, y1: middle - 9, y2: middle + 9 };
    elements.push(s('line', { ...line, 'data-version': version }));
    const label = `#${version}`;
    const half = widthOf(label, fontSize) / 2;
    if (x - half < lastEnd + LABEL_GAP * fontSize) continue;
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
