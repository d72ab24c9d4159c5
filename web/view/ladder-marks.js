/**
 * The marks of a ladder: a request slopes down, a response slopes up; the help explains each.
 *
 * @typedef {import('../model/events.js').TimedPaneEvent} TimedPaneEvent
 * @typedef {import('../model/intervals.js').Interval} Interval
 * @typedef {import('../model/types.js').Exchange} Exchange
 * @typedef {import('../model/types.js').TransportId} TransportId
 * @typedef {import('../model/types.js').TransportKind} TransportKind
 * @typedef {import('./ladder-geometry.js').Geometry} Geometry
 * @typedef {import('./ladder-labels.js').Labels} Labels
 * @typedef {Extract<TimedPaneEvent, { type: 'response' | 'frame' }>} ReceivedEvent
 *
 * @typedef {object} Canvas
 * @property {Geometry} geometry
 * @property {Labels} labels
 * @property {Interval[]} intervals
 */
import { exchangeOf } from '../model/events.js';
import { isEmpty } from '../model/segments.js';
import { kindOf, kindOfExchange } from '../model/types.js';
import { transports } from '../transports/index.js';
import { s } from './svg.js';

/** Half the size of a mark. */
export const MARK = 5;

/** Least travel time that is drawn, so that a slope is visible. */
const MIN_TRAVEL_MS = 3;

/** Longest label of an error. */
const MAX_REASON_CHARACTERS = 24;

const CROSS = 'M-6 -6 6 6M-6 6 6 -6';
const HOURGLASS = 'M-5 -7H5L-5 7H5Z';

/** @type {Record<TransportKind, (x: number, y: number) => string>} */
const SHAPES = {
  poll: (x, y) => `M${x - MARK} ${y - MARK}h${2 * MARK}v${2 * MARK}h${-2 * MARK}z`,
  longpoll: (x, y) => `M${x - MARK - 1} ${y + MARK}h${2 * MARK + 2}l${-MARK - 1} ${-2 * MARK}z`,
  ws: (x, y) =>
    `M${x - MARK} ${y}a${MARK} ${MARK} 0 1 0 ${2 * MARK} 0a${MARK} ${MARK} 0 1 0 ${-2 * MARK} 0z`,
};

/** The mark of an event, in the colours of the transport that it happened under; null if it has
 * none. @param {TimedPaneEvent} event @param {Canvas} canvas */
export function markOf(event, canvas) {
  const mark = drawMark(event, canvas);
  const exchange = exchangeOf(event);
  if (mark && exchange) mark.dataset.kind = kindOfExchange(exchange);
  return mark;
}

/** @param {TimedPaneEvent} event @param {Canvas} canvas @returns {SVGElement | null} */
function drawMark(event, canvas) {
  const { at } = event;
  switch (event.type) {
    case 'response':
    case 'frame':
      return receivedMark(event, canvas);
    case 'error':
      return failureMark(event.exchange, at, event.timedOut ? HOURGLASS : CROSS, event.reason, canvas);
    case 'open': {
      const label = canvas.labels.above(at, 'open');
      return s('g', { class: 'opened' }, requestLine(event.exchange, at, canvas), ...label);
    }
    case 'cancel':
      return s('g', { class: 'cancelled' }, ...openRequestLines(event.exchange, at, at, canvas.geometry));
    case 'close': {
      const exchange = { ...event.exchange, requestedAt: at };
      if (event.expected) {
        const label = canvas.labels.above(at, 'closed');
        return s('g', { class: 'closed' }, requestLine(exchange, at, canvas), ...label);
      }
      return failureMark(exchange, at, CROSS, `close ${event.code}`, canvas);
    }
    case 'transport':
      return switchMark(event.transport, at, canvas);
    default:
      return null;
  }
}

/** A change of the transport while the pane runs. Its label is between the rails, where no other
 * label can take its place.
 * @param {TransportId} transport @param {number} at @param {Canvas} canvas */
function switchMark(transport, at, { geometry }) {
  const { top, bottom, fontSize } = geometry;
  const x = geometry.x(at);
  return s(
    'g',
    { 'class': 'switch', 'data-kind': kindOf(transport) },
    s('line', { x1: x, x2: x, y1: top, y2: bottom }),
    s('text', { x: x + fontSize / 2, y: (top + bottom) / 2 }, `→ ${transports[transport].label}`),
  );
}

/**
 * When a request reached the server, and when the response left it. The simulated delays are
 * known; the rest is split equally between both directions, except for a long poll, which is
 * held for most of it. A request sent while the link was down arrived when it was restored.
 *
 * @param {Exchange} exchange @param {number} respondedAt @param {Interval[]} intervals
 */
function serverTimes({ requestedAt, upMs, downMs, path }, respondedAt, intervals) {
  const isLongPoll = path === '/longpoll';
  const rest = Math.max(0, respondedAt - requestedAt - upMs - downMs);
  const travel = isLongPoll ? Math.min(rest / 2, MIN_TRAVEL_MS) : rest / 2;
  const outage = intervals.find(
    ({ kind, from, to }) => kind === 'outage' && requestedAt > from && requestedAt < to,
  );
  const arrivedAt =
    outage && !isLongPoll ? Math.min(respondedAt, outage.to) : requestedAt + upMs + travel;
  return { arrivedAt, leftAt: Math.max(arrivedAt, respondedAt - downMs - travel) };
}

/** @param {Exchange} exchange @param {number} respondedAt @param {Canvas} canvas */
function requestLine(exchange, respondedAt, { geometry, intervals }) {
  const { arrivedAt } = serverTimes(exchange, respondedAt, intervals);
  const { top, bottom } = geometry;
  const [x1, x2] = [geometry.x(exchange.requestedAt), geometry.x(arrivedAt)];
  return s('line', { class: 'request', x1, y1: top, x2, y2: bottom });
}

/** @param {Exchange} exchange @param {number} at @param {string} sign @param {string} reason
 *  @param {Canvas} canvas */
function failureMark(exchange, at, sign, reason, canvas) {
  const { geometry, labels } = canvas;
  const transform = `translate(${geometry.x(at)} ${geometry.top})`;
  return s(
    'g',
    { class: 'failed' },
    requestLine(exchange, at, canvas),
    s('path', { class: 'sign', d: sign, transform }),
    ...labels.above(at, reason.slice(0, MAX_REASON_CHARACTERS)),
  );
}

/** @param {ReceivedEvent} event @param {Canvas} canvas */
function receivedMark(event, canvas) {
  const { at, update, receipt } = event;
  const batch = update.type === 'batch' ? update : null;
  const version = batch ? batch.version : update.type === 'gap' ? update.oldest : 0;
  const outcome = outcomeOf(event);
  const label =
    outcome === 'stale'
      ? canvas.labels.withBackground(at, `⟲ #${version} after #${receipt.staleAfter}`)
      : outcome === 'empty'
        ? []
        : canvas.labels.above(at, batch ? `#${version}` : 'gap');
  return s(
    'g',
    {
      'class': outcome,
      'data-version': version,
      'data-at': at.toFixed(1),
      'data-messages': batch?.messages.length ?? 0,
    },
    ...exchangeLines(event, canvas),
    symbol(event, canvas),
    ...label,
  );
}

/** @param {ReceivedEvent} event */
function outcomeOf({ update, receipt }) {
  if (receipt.staleAfter !== null) return 'stale';
  if (update.type === 'gap') return 'gap';
  return isEmpty(update) ? 'empty' : 'data';
}

/** The way of a request to the server, and of the response or frame back.
 * @param {ReceivedEvent} event @param {Canvas} canvas */
function exchangeLines({ type, at, update: { exchange } }, canvas) {
  const { geometry, intervals } = canvas;
  const { top, bottom } = geometry;
  const isFrame = type === 'frame';
  const { arrivedAt, leftAt } = isFrame
    ? { arrivedAt: at, leftAt: at - Math.max(exchange.downMs, MIN_TRAVEL_MS) }
    : serverTimes(exchange, at, intervals);
  const [arrived, left] = [geometry.x(arrivedAt), geometry.x(leftAt)];
  const lines = [];
  if (!isFrame) lines.push(requestLine(exchange, at, canvas));
  if (!isFrame && exchange.path === '/longpoll') {
    const x2 = Math.max(left, arrived + 2);
    lines.push(s('line', { class: 'held', x1: arrived, x2, y1: bottom, y2: bottom }));
  }
  lines.push(s('line', { class: 'response', x1: left, y1: bottom, x2: geometry.x(at), y2: top }));
  return lines;
}

/** @param {ReceivedEvent} event @param {Canvas} canvas */
function symbol({ at, update }, { geometry }) {
  const [x, y] = [geometry.x(at), geometry.top];
  if (isEmpty(update)) return s('circle', { class: 'ring', cx: x, cy: y, r: MARK });
  return s('path', { class: 'mark', d: SHAPES[kindOfExchange(update.exchange)](x, y) });
}

/** A request without a response until a moment, drawn up to `end`.
 * @param {Exchange} exchange @param {number} until @param {number} end @param {Geometry} geometry */
export function openRequestLines({ requestedAt, upMs, path }, until, end, geometry) {
  const { top, bottom } = geometry;
  const arrived = geometry.x(Math.min(until, requestedAt + upMs + MIN_TRAVEL_MS));
  const kind = path === '/longpoll' ? 'held' : 'waiting';
  return [
    s('line', { class: 'request', x1: geometry.x(requestedAt), y1: top, x2: arrived, y2: bottom }),
    s('line', { class: kind, x1: arrived, x2: geometry.x(end), y1: bottom, y2: bottom }),
  ];
}
