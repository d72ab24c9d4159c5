/**
 * The figures that lessons are about. All are computed from the events and statistics of one
 * pane, at one moment.
 *
 * @typedef {import('./events.js').TimedPaneEvent} TimedPaneEvent
 * @typedef {import('./intervals.js').Interval} Interval
 * @typedef {import('./meters.js').ByteCounts} ByteCounts
 * @typedef {import('./segments.js').Segment} Segment
 * @typedef {import('./stats.js').Stats} Stats
 * @typedef {import('./types.js').TransportId} TransportId
 *
 * @typedef {keyof typeof FIGURES} FigureId
 *
 * @typedef {object} PaneFigures
 * @property {TransportId} transport
 * @property {number} intervalMs
 * @property {number | null} latency     median in milliseconds; null without messages
 * @property {number} measured           latencies that it is the median of
 * @property {number} requests           sent; 0 for a WebSocket, which has handshakes
 * @property {number} handshakes
 * @property {number} responses
 * @property {number} empty              responses without messages
 * @property {number} stale              responses older than what was already shown
 * @property {number} delivered          messages
 * @property {number} changes            updates with messages: how often the display changed
 * @property {number} overwritten        shared texts that replaced another author's
 * @property {number} offline            requests sent while the network was down
 * @property {number} waiting            most requests without a response at the same time
 * @property {number} mostQueued         most requests queued in the browser at the same time
 * @property {number | null} longestQueued how long one was queued there, in milliseconds; null: none was
 * @property {number} outageMs           how long the network was down
 * @property {boolean} isWhole           false after a change of the transport or the interval, from
 *   which on most figures count
 * @property {number | null} bytes       in both directions; null: unknown
 * @property {number | null} bytesPerMessage
 * @property {number | null} hiddenRequests  per second while the tab was hidden; null if it was not
 * @property {number | null} visibleRequests per second while it was visible
 */
import { activeMs } from './segments.js';
import { latencySummary } from './stats.js';
import { kindOf } from './types.js';

/** Name and unit of each. */
export const FIGURES = /** @type {const} */ ({
  latency: { label: 'median latency', unit: 'ms' },
  requests: { label: 'requests sent', unit: '' },
  stale: { label: 'responses older than what was shown', unit: '' },
  offline: { label: 'requests sent while the network was down', unit: '' },
  waiting: { label: 'requests waiting at the same time, at most', unit: '' },
  bytesPerMessage: { label: 'bytes per message, both ways', unit: 'B' },
  hiddenRequests: { label: 'requests per second while hidden', unit: '/s' },
  changes: { label: 'times the text changed', unit: '' },
});

/** Shorter times tell nothing about a rate. */
const MIN_RATE_MS = 1000;

/**
 * @param {Stats} stats @param {TimedPaneEvent[]} events of the run, up to `now`
 * @param {Interval[]} intervals @param {ByteCounts} bytes @param {number} now
 * @param {TransportId} transport @returns {PaneFigures}
 */
export function figuresOf(stats, events, intervals, bytes, now, transport) {
  const { segment, earlier, delivered, stale, overwritten } = stats;
  const isSocket = kindOf(transport) === 'ws';
  const { up, down } = bytes;
  const total = up === null || down === null ? null : up + down;
  return {
    transport,
    intervalMs: segment.intervalMs,
    latency: latencySummary(segment).p50,
    measured: segment.latencies.length,
    requests: isSocket ? 0 : segment.requests,
    handshakes: isSocket ? segment.requests : 0,
    responses: segment.responses,
    empty: segment.empty,
    stale,
    delivered,
    changes: segment.responses - segment.empty,
    overwritten,
    offline: requestsWithin(events, intervals, 'outage'),
    waiting: mostWaiting(events),
    ...queueOf(events),
    outageMs: lengthOf(intervals, 'outage'),
    isWhole: earlier.length === 0,
    bytes: total,
    bytesPerMessage: total === null || segment.received === 0 ? null : total / segment.received,
    ...requestRates(segment, events, intervals, now),
  };
}

/** @param {TimedPaneEvent[]} events @param {Interval[]} intervals @param {Interval['kind']} kind */
function requestsWithin(events, intervals, kind) {
  const within = intervals.filter((interval) => interval.kind === kind);
  const isWithin = (/** @type {number} */ at) => within.some(({ from, to }) => at > from && at < to);
  return events.filter(({ type, at }) => type === 'request' && isWithin(at)).length;
}

/** Sockets wait for nothing. @param {TimedPaneEvent[]} events */
function mostWaiting(events) {
  let waiting = 0;
  let most = 0;
  for (const event of events) {
    if (event.type === 'request' && event.exchange.path !== '/ws') most = Math.max(most, ++waiting);
    if (event.type === 'response' || event.type === 'error' || event.type === 'cancel') {
      waiting = Math.max(0, waiting - 1);
    }
  }
  return most;
}

/** The queue in the browser: a request leaves it when it is sent, or when it ends unsent.
 * @param {TimedPaneEvent[]} events */
function queueOf(events) {
  let queued = 0;
  let mostQueued = 0;
  /** @type {number | null} */
  let longestQueued = null;
  for (const event of events) {
    if (event.type === 'request' && event.isQueued) mostQueued = Math.max(mostQueued, ++queued);
    const isUnsent = (event.type === 'error' || event.type === 'cancel') && event.isQueued;
    if (event.type !== 'sent' && !isUnsent) continue;
    queued -= 1;
    longestQueued = Math.max(longestQueued ?? 0, event.at - event.exchange.requestedAt);
  }
  return { mostQueued, longestQueued };
}

/** @param {Interval[]} intervals @param {Interval['kind']} kind */
function lengthOf(intervals, kind) {
  const ofKind = intervals.filter((interval) => interval.kind === kind);
  return ofKind.reduce((sum, { from, to }) => sum + to - from, 0);
}

/** @param {Segment} segment @param {TimedPaneEvent[]} events @param {Interval[]} intervals @param {number} now */
function requestRates(segment, events, intervals, now) {
  const hiddenMs = lengthOf(intervals, 'hidden');
  const visibleMs = activeMs(segment, now) - hiddenMs;
  const count = requestsWithin(events, intervals, 'hidden');
  const rate = (/** @type {number} */ requests, /** @type {number} */ ms) =>
    ms < MIN_RATE_MS ? null : requests / (ms / 1000);
  return {
    hiddenRequests: rate(count, hiddenMs),
    visibleRequests: rate(segment.requests - count, visibleMs),
  };
}
