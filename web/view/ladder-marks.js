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

/** Height of the bar of a request that is queued in the browser. */
const QUEUED = 8;

/** How far the line of a lost request goes. */
const LOST = 0.6;

/** Least travel time that is drawn, so that a slope is visible. */
const MIN_TRAVEL_MS = 3;

/** Longest label of an error. */
const MAX_REASON_CHARACTERS = 24;

const CROSS = 'M-6 -6 6 6M-6 6 6 -6';
const HOURGLASS = 'M-5 -7H5L-5 7H5Z';

/** By position and half the size. @type {Record<TransportKind, (x: number, y: number, r: number) => string>} */
const SHAPES = {
  poll: (x, y, r) => `M${x - r} ${y - r}h${2 * r}v${2 * r}h${-2 * r}z`,
  longpoll: (x, y, r) => `M${x - r - 1} ${y + r}h${2 * r + 2}l${-r - 1} ${-2 * r}z`,
  ws: (x, y, r) => `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`,
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
      return s('g', { class: 'opened' }, ...requestLines(event.exchange, at, canvas), ...label);
    }
    case 'cancel':
      return s('g', { class: 'cancelled' }, ...openRequestLines(event.exchange, at, at, canvas));
    case 'close': {
      const exchange = { ...event.exchange, requestedAt: at, sentAt: at };
      if (event.expected) {
        const label = canvas.labels.above(at, 'closed');
        return s('g', { class: 'closed' }, ...requestLines(exchange, at, canvas), ...label);
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
 * held for most of it. While the link is down nothing arrives: a request that was sent then
 * arrived when the link was restored, and a response to an earlier one left the server then.
 *
 * @param {Exchange} exchange @param {number} respondedAt @param {Interval[]} intervals
 */
export function serverTimes({ sentAt, upMs, downMs, path }, respondedAt, intervals) {
  const sent = sentAt ?? respondedAt;
  const rest = Math.max(0, respondedAt - sent - upMs - downMs);
  const outage = intervals.find(
    ({ kind, to }) => kind === 'outage' && sent < to && respondedAt >= to,
  );
  const isUneven = path === '/longpoll' || outage;
  const travel = isUneven ? Math.min(rest / 2, MIN_TRAVEL_MS) : rest / 2;
  const { from, to } = outage ?? { from: Infinity, to: -Infinity };
  const arrivedAt = sent > from ? to : Math.min(sent + upMs + travel, from);
  return { arrivedAt, leftAt: Math.max(arrivedAt, to, respondedAt - downMs - travel) };
}

/** @param {number} at @param {Interval[]} intervals */
function isOutageAt(at, intervals) {
  return intervals.some(({ kind, from, to }) => kind === 'outage' && at > from && at < to);
}

/** The way of a request to the server; before it, on the browser's rail, the time that it was
 * queued there. @param {Exchange} exchange @param {number} respondedAt @param {Canvas} canvas
 * @param {boolean} [isLost] */
function requestLines(exchange, respondedAt, { geometry, intervals }, isLost = false) {
  const { requestedAt, sentAt } = exchange;
  const { arrivedAt } = serverTimes(exchange, respondedAt, intervals);
  const { top, bottom } = geometry;
  const sent = sentAt ?? respondedAt;
  const lines = sent > requestedAt ? [queuedBar(requestedAt, sent, geometry)] : [];
  if (sentAt === null) return lines; // it never left the browser
  if (isLost) return [...lines, lostLine(sent, geometry)];
  const [x1, x2] = [geometry.x(sent), geometry.x(arrivedAt)];
  return [...lines, s('line', { class: 'request', x1, y1: top, x2, y2: bottom })];
}

/** A request that has not reached the server, as far as known: its line ends between the rails.
 * @param {number} sentAt @param {Geometry} geometry */
function lostLine(sentAt, geometry) {
  const { top } = geometry;
  const [x1, x2] = [geometry.x(sentAt), geometry.x(sentAt + MIN_TRAVEL_MS)];
  return s('line', { class: 'request', x1, y1: top, x2, y2: lostY(geometry) });
}

/** @param {Geometry} geometry */
const lostY = ({ top, bottom }) => top + LOST * (bottom - top);

/** @param {number} from @param {number} to @param {Geometry} geometry */
function queuedBar(from, to, geometry) {
  const [x1, x2] = [geometry.x(from), geometry.x(to)];
  const size = { x: x1, y: geometry.top - QUEUED / 2, width: Math.max(1, x2 - x1), height: QUEUED };
  return s('rect', { class: 'queued', ...size });
}

/** @param {Exchange} exchange @param {number} at @param {string} sign @param {string} reason
 *  @param {Canvas} canvas */
function failureMark(exchange, at, sign, reason, canvas) {
  const { geometry, labels } = canvas;
  const transform = `translate(${geometry.x(at)} ${geometry.top})`;
  const isTimeout = sign === HOURGLASS;
  return s(
    'g',
    { class: isTimeout ? 'failed timeout' : 'failed' },
    ...requestLines(exchange, at, canvas, isTimeout),
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
      ? canvas.labels.withBackground(at, '⟲', `#${version} after #${receipt.staleAfter}`)
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
  if (!isFrame) lines.push(...requestLines(exchange, at, canvas));
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
  if (isEmpty(update)) return s('circle', { class: 'ring', cx: x, cy: y, r: geometry.mark });
  return s('path', { class: 'mark', d: SHAPES[kindOfExchange(update.exchange)](x, y, geometry.mark) });
}

/** A request without a response until a moment, drawn up to `end`.
 * @param {Exchange} exchange @param {number} until @param {number} end
 * @param {Pick<Canvas, 'geometry' | 'intervals'>} canvas */
export function openRequestLines({ requestedAt, sentAt, upMs, path }, until, end, { geometry, intervals }) {
  const { top, bottom } = geometry;
  if (sentAt === null || sentAt > until) return [queuedBar(requestedAt, end, geometry)];
  const lines = sentAt > requestedAt ? [queuedBar(requestedAt, sentAt, geometry)] : [];
  if (isOutageAt(sentAt, intervals)) {
    const [x1, x2, y] = [geometry.x(sentAt + MIN_TRAVEL_MS), geometry.x(end), lostY(geometry)];
    return [...lines, lostLine(sentAt, geometry), s('line', { class: 'waiting', x1, x2, y1: y, y2: y })];
  }
  const arrived = geometry.x(Math.min(until, sentAt + upMs + MIN_TRAVEL_MS));
  const kind = path === '/longpoll' ? 'held' : 'waiting';
  return [
    ...lines,
    s('line', { class: 'request', x1: geometry.x(sentAt), y1: top, x2: arrived, y2: bottom }),
    s('line', { class: kind, x1: arrived, x2: geometry.x(end), y1: bottom, y2: bottom }),
  ];
}

/** How long a dot travels, so that an eye can follow it. */
const TRAVEL_MS = 250;

/** A dot that travels with a message from the server to the browser, once, when it arrives.
 * @param {TimedPaneEvent} event @param {number} now @param {Geometry} geometry */
export function travellingDot(event, now, geometry) {
  if (!('update' in event) || isEmpty(event.update) || now - event.at > TRAVEL_MS) return [];
  const { exchange } = event.update;
  const left = event.at - Math.max(exchange.downMs, MIN_TRAVEL_MS);
  const dot = s('circle', { 'class': 'dot', 'r': 7, 'data-kind': kindOfExchange(exchange) });
  const place = (/** @type {number} */ at, /** @type {number} */ y) => ({
    transform: `translate(${geometry.x(at)}px, ${y}px)`,
  });
  const way = [place(left, geometry.bottom), place(event.at, geometry.top)];
  dot.animate(way, { duration: TRAVEL_MS, fill: 'forwards' }).onfinish = () => dot.remove();
  return [dot];
}
