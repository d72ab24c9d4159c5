/**
 * A ladder: the browser's rail on top, the server's below, the last ten seconds, newest right.
 * A request slopes down, an answer slopes up; what each mark means is said in the help.
 *
 * @typedef {import('../model/events.js').Exchange} Exchange
 * @typedef {import('../model/events.js').LabEvent} LabEvent
 * @typedef {import('../model/intervals.js').Span} Span
 * @typedef {import('../transports/index.js').Family} Family
 */
import { h } from './dom.js';
import { s, widthOf } from './svg.js';

export const SPAN_MS = 10_000;

/** Most marks in one lane; the oldest go first. */
const MARKS_MAX = 600;

/** Sizes in heights of the letters, which a projector makes bigger: room above the upper rail
 * for labels, below the lower one, and between two labels. */
const TOP_LETTERS = 2;
const BOTTOM_LETTERS = 1.1;
const LABEL_GAP = 0.5;

/** Rows for the words of stale marks, and how high one is, in heights of the letters. */
const ROWS = [0, 1, 2, 3];
const ROW_LETTERS = 1.5;

const MARK = 5;

/** Right of now, inside of the window: half a mark. */
const MARK_ROOM = 6;

/** How far a layer moves before it starts anew: far ones are blurred by rounding. */
const ORIGIN_MS = 120_000;

/** Right of now, in pixels. */
const MARGIN_RIGHT = 12;

/** Least time on the way that is drawn, so that a slope can be seen at all. */
const WAY_MS = 3;

const CROSS = 'M-6 -6 6 6M-6 6 6 -6';
const HOURGLASS = 'M-5 -7H5L-5 7H5Z';

/** @type {Record<Family, (x: number, y: number) => string>} */
const SHAPES = {
  poll: (x, y) => `M${x - MARK} ${y - MARK}h${2 * MARK}v${2 * MARK}h${-2 * MARK}z`,
  longpoll: (x, y) => `M${x - MARK - 1} ${y + MARK}h${2 * MARK + 2}l${-MARK - 1} ${-2 * MARK}z`,
  ws: (x, y) =>
    `M${x - MARK} ${y}a${MARK} ${MARK} 0 1 0 ${2 * MARK} 0a${MARK} ${MARK} 0 1 0 ${-2 * MARK} 0z`,
};

/** @param {string} id @param {string} title */
export function mountLadder(id, title) {
  const bands = s('g', { class: 'bands' });
  const marks = s('g', { class: 'marks' });
  const pending = s('g', { class: 'pending' });
  // What was overtaken is the lesson: it is drawn above the rest.
  const overtaken = s('g', { class: 'marks' });
  // A layer of its own: time moves it at each frame without painting it again.
  const moving = s('svg', { class: 'moving' }, bands, marks, pending, overtaken);
  const pane = h('div', { class: 'window' }, moving);
  const rails = s('svg', { class: 'rails' });
  const element = h(
    'div',
    { 'class': 'ladder', 'role': 'img', 'aria-label': title, 'data-testid': `${id}-ladder` },
    rails,
    pane,
  );
  let width = 0;
  let height = 0;
  /** Height of a letter, and of the upper rail. */
  let letter = 13;
  let top = 26;
  /** x = 0 of the moving group; marks stand still in it. */
  let origin = 0;
  /** What is drawn already, by its event. @type {Map<LabEvent, SVGElement>} */
  const drawn = new Map();
  let family = /** @type {Family} */ ('poll');
  /** @type {Span[]} */
  let spans = [];
  /** Where the last label above the upper rail ends. */
  let labelled = -Infinity;
  /** Where the words of stale marks end, in each of the rows below the upper rail. */
  let rowEnds = ROWS.map(() => -Infinity);

  const scale = () => width / SPAN_MS;
  const bottom = () => height - BOTTOM_LETTERS * letter;
  /** @param {number} at */
  const x = (at) => (at - origin) * scale();

  new ResizeObserver(([entry]) => {
    if (!entry) return;
    const longest = s('text', {}, 'browser');
    rails.replaceChildren(longest);
    letter = parseFloat(getComputedStyle(longest).fontSize);
    top = TOP_LETTERS * letter;
    const gutter = longest.getComputedTextLength() + 18;
    width = Math.max(0, entry.contentRect.width - gutter - MARGIN_RIGHT);
    height = entry.contentRect.height;
    pane.style.left = `${gutter}px`;
    pane.style.right = `${MARGIN_RIGHT - MARK_ROOM}px`;
    clear();
    const rail = (/** @type {number} */ y, /** @type {string} */ name) => [
      s('text', { 'x': gutter - 8, 'y': y + letter / 3, 'text-anchor': 'end' }, name),
      s('line', { x1: gutter, x2: gutter + width + MARGIN_RIGHT, y1: y, y2: y }),
    ];
    rails.replaceChildren(...rail(top, 'browser'), ...rail(bottom(), 'server'));
  }).observe(element);

  function clear() {
    for (const mark of drawn.values()) mark.remove();
    drawn.clear();
    pending.replaceChildren();
    bands.replaceChildren();
    labelled = -Infinity;
    rowEnds = ROWS.map(() => -Infinity);
  }

  /** Words left of a mark, on a ground of their own, in the first row with room for them.
   * @param {number} at @param {string} text */
  function words(at, text) {
    const wide = widthOf(text, letter) + letter;
    const row = Math.max(0, rowEnds.findIndex((end) => end < at - wide));
    rowEnds[row] = at;
    const y = top + (0.8 + row * ROW_LETTERS) * letter;
    return [
      s('rect', { class: 'ground', x: at - wide, y, width: wide, height: ROW_LETTERS * letter, rx: letter / 3 }),
      s('text', { 'x': at - wide / 2, 'y': y + 1.1 * letter, 'text-anchor': 'middle' }, text),
    ];
  }

  /**
   * When a request reached the server, and when its answer left. What the network added is
   * known; of the rest each way has half, less what a long poll was held. A request sent while
   * the link was down came through when it was up again.
   *
   * @param {Exchange} exchange
   * @param {number} answered
   */
  function middle({ asked, upMs, downMs, path }, answered) {
    const rest = Math.max(0, answered - asked - upMs - downMs);
    const way = path === '/longpoll' ? Math.min(rest / 2, WAY_MS) : rest / 2;
    const outage = spans.find(({ kind, from, to }) => kind === 'outage' && asked > from && asked < to);
    const arrived = outage && path !== '/longpoll' ? Math.min(answered, outage.to) : asked + upMs + way;
    return { arrived, left: Math.max(arrived, answered - downMs - way) };
  }

  /** @param {LabEvent} event @returns {SVGElement | null} */
  function markOf(event) {
    switch (event.type) {
      case 'answer':
      case 'frame':
        return answerMark(event);
      case 'error':
        return failure(event, event.timedOut ? HOURGLASS : CROSS, event.reason);
      case 'open':
        return s('g', { class: 'opened' }, requestLine(event, event.at), ...label(event.at, 'open'));
      case 'cancel':
        return s('g', { class: 'cancelled' }, ...withoutEnd(event, event.at, event.at));
      case 'close':
        return failure({ ...event, asked: event.at }, CROSS, `close ${event.code}`);
      default:
        return null;
    }
  }

  /** @param {Exchange} exchange @param {number} answered */
  function requestLine(exchange, answered) {
    const { arrived } = middle(exchange, answered);
    return s('line', {
      class: 'request', x1: x(exchange.asked), y1: top, x2: x(arrived), y2: bottom(),
    });
  }

  /** A label above the upper rail; none where it would touch the one before.
   * @param {number} at @param {string} text */
  function label(at, text) {
    const half = widthOf(text, letter) / 2;
    if (x(at) - half < labelled + LABEL_GAP * letter) return [];
    labelled = x(at) + half;
    return [s('text', { 'x': x(at), 'y': top - letter * 0.8, 'text-anchor': 'middle' }, text)];
  }

  /** @param {Exchange & { at: number }} event @param {string} sign @param {string} why */
  function failure(event, sign, why) {
    return s(
      'g',
      { class: 'failed' },
      requestLine(event, event.at),
      s('path', { class: 'sign', d: sign, transform: `translate(${x(event.at)} ${top})` }),
      ...label(event.at, why.slice(0, 24)),
    );
  }

  /** @param {Extract<LabEvent, { type: 'answer' | 'frame' }>} event */
  function answerMark(event) {
    const { at, answer, taken, type, downMs, path } = event;
    const { arrived, left } =
      type === 'frame' ? { arrived: at, left: at - Math.max(downMs, WAY_MS) } : middle(event, at);
    const empty = answer.type === 'batch' && answer.messages.length === 0;
    const stale = taken?.staleAfter ?? null;
    const kind = stale !== null ? 'stale' : answer.type === 'gap' ? 'gap' : empty ? 'empty' : 'news';
    const version = answer.type === 'batch' ? answer.version : answer.oldest;
    const parts = [];
    if (type === 'answer') parts.push(requestLine(event, at));
    if (path === '/longpoll' && type === 'answer') {
      parts.push(s('line', { class: 'held', x1: x(arrived), x2: Math.max(x(left), x(arrived) + 2), y1: bottom(), y2: bottom() }));
    }
    parts.push(s('line', { class: 'answer', x1: x(left), y1: bottom(), x2: x(at), y2: top }));
    parts.push(
      empty
        ? s('circle', { class: 'ring', cx: x(at), cy: top, r: MARK })
        : s('path', { class: 'mark', d: SHAPES[family](x(at), top) }),
    );
    if (stale !== null) parts.push(...words(x(at), `⟲ #${version} after #${stale}`));
    else if (!empty) parts.push(...label(at, answer.type === 'gap' ? 'gap' : `#${version}`));
    return s(
      'g',
      { 'class': kind, 'data-version': version, 'data-at': at.toFixed(1), 'data-messages': answer.type === 'batch' ? answer.messages.length : 0 },
      ...parts,
    );
  }

  /** A request that got no answer until a moment, and is drawn on until another.
   * @param {Exchange} exchange @param {number} until @param {number} on */
  function withoutEnd({ asked, upMs, path }, until, on) {
    const arrived = Math.min(until, asked + upMs + WAY_MS);
    return [
      s('line', { class: 'request', x1: x(asked), y1: top, x2: x(arrived), y2: bottom() }),
      s('line', {
        class: path === '/longpoll' ? 'held' : 'waiting',
        x1: x(arrived), x2: x(on), y1: bottom(), y2: bottom(),
      }),
    ];
  }

  /** Requests that have no end yet: drawn on beyond now, where the window ends.
   * @param {LabEvent[]} events @param {number} now */
  function drawPending(events, now) {
    /** @type {Map<number, Extract<LabEvent, { type: 'request' }>>} */
    const open = new Map();
    for (const event of events) {
      if (event.type === 'request') open.set(event.request, event);
      else if ('request' in event) open.delete(event.request);
    }
    const lines = [...open.values()].flatMap((event) => withoutEnd(event, now, now + SPAN_MS));
    pending.replaceChildren(...lines);
  }

  /** Moves what is drawn to where it stands at a moment. @param {number} now */
  function move(now) {
    if (width === 0) return;
    moving.style.transform = `translateX(${(width - x(now)).toFixed(1)}px)`;
  }

  return {
    element,
    clear,
    move,
    /**
     * @param {LabEvent[]} events of this pane and of the page, up to `now`
     * @param {Span[]} known
     * @param {number} now
     * @param {Family} shape
     */
    draw(events, known, now, shape) {
      if (width === 0) return;
      spans = known;
      if (shape !== family || Math.abs(now - origin) > ORIGIN_MS) {
        family = shape;
        origin = now;
        clear();
      }
      const from = now - SPAN_MS - 500;
      const visible = events.filter(({ at }) => at >= from).slice(-MARKS_MAX);
      const wanted = new Set(visible);
      for (const [event, mark] of drawn) {
        if (!wanted.has(event)) {
          mark.remove();
          drawn.delete(event);
        }
      }
      for (const event of visible) {
        if (drawn.has(event)) continue;
        const mark = markOf(event);
        if (!mark) continue;
        drawn.set(event, mark);
        (mark.classList.contains('stale') ? overtaken : marks).append(mark);
      }
      drawPending(events, now);
      bands.replaceChildren(
        ...spans.map(({ kind, from: start, to }) =>
          s('rect', { class: kind, x: x(start), y: 0, width: Math.max(0, x(to) - x(start)), height }),
        ),
      );
      move(now);
    },
  };
}
