/**
 * Segments: what a pane did with one transport and one polling interval. A change of either
 * while the pane runs starts the next segment, so no figure mixes two transports.
 *
 * @typedef {import('./events.js').PaneEvent} PaneEvent
 * @typedef {import('./events.js').Receipt} Receipt
 * @typedef {import('./events.js').Timed} Timed
 * @typedef {import('./events.js').TimedPaneEvent} TimedPaneEvent
 * @typedef {import('./types.js').Latency} Latency
 * @typedef {import('./types.js').TransportId} TransportId
 * @typedef {import('./types.js').Update} Update
 *
 * @typedef {Extract<PaneEvent, { type: 'transport' }> & Timed} Started
 *
 * @typedef {object} Segment
 * @property {number} number     1 for the first of a measurement; 0 before it
 * @property {TransportId | null} transport
 * @property {number} intervalMs polling interval
 * @property {string} network    the simulated network in words
 * @property {number} from       when it started, by `performance.now()`
 * @property {number} activeMs   how long it ran, up to `activeSince`
 * @property {number | null} activeSince since when it runs; null while it is stopped
 * @property {number} requests   requests and opening handshakes sent
 * @property {number} responses  responses to requests, and batches on a socket
 * @property {number} empty      responses without messages
 * @property {number} errors     requests without a response, and sockets closed unexpectedly
 * @property {number} received   messages delivered, each counted once
 * @property {number} bodyBytes  size of the bodies of these messages
 * @property {Latency[]} latencies
 */
import { kindOf } from './types.js';

/** Latencies kept for the quantiles; older ones are dropped. */
const MAX_LATENCIES = 10_000;

/** @returns {Segment} */
export function emptySegment() {
  return {
    number: 0,
    transport: null,
    intervalMs: 0,
    network: '',
    from: 0,
    activeMs: 0,
    activeSince: null,
    requests: 0,
    responses: 0,
    empty: 0,
    errors: 0,
    received: 0,
    bodyBytes: 0,
    latencies: [],
  };
}

/** @param {Segment} segment @returns {Segment} */
export function cloneSegment(segment) {
  return { ...segment, latencies: segment.latencies.slice() };
}

/** Whether a start with this transport continues the segment. The interval counts for polling only.
 * @param {Pick<Segment, 'transport' | 'intervalMs' | 'network'>} segment
 * @param {Pick<Started, 'transport' | 'intervalMs' | 'network'>} start */
export function continues(segment, { transport, intervalMs, network }) {
  if (segment.transport !== transport || segment.network !== network) return false;
  return kindOf(transport) !== 'poll' || segment.intervalMs === intervalMs;
}

/** @param {Segment} before @param {Started} event @returns {Segment} */
export function nextSegment({ number }, { transport, intervalMs, network, at }) {
  const settings = { transport, intervalMs, network };
  return { ...emptySegment(), number: number + 1, ...settings, from: at, activeSince: at };
}

/** @param {Segment} segment @param {number} at */
export function stopSegment(segment, at) {
  segment.activeMs = activeMs(segment, at);
  segment.activeSince = null;
}

/** The events that began another segment, as far as the list tells: its first events may be no
 * longer kept. @param {TimedPaneEvent[]} events */
export function switchesIn(events) {
  /** @type {Started | null} */
  let current = null;
  let isRunning = events[0]?.type !== 'transport';
  return events.filter((event) => {
    if (event.type === 'stopped') isRunning = false;
    if (event.type !== 'transport') return false;
    const isSwitch = current ? !continues(current, event) : isRunning;
    current = event;
    isRunning = true;
    return isSwitch;
  });
}

/** How long a segment has run at a moment. @param {Segment} segment @param {number} at */
export function activeMs({ activeMs: before, activeSince }, at) {
  return before + (activeSince === null ? 0 : Math.max(0, at - activeSince));
}

/** Adds one event. @param {Segment} segment @param {PaneEvent & Timed} event */
export function countInSegment(segment, event) {
  if (event.type === 'request') segment.requests += 1;
  if (event.type === 'error' || (event.type === 'close' && !event.expected)) segment.errors += 1;
  if (!('update' in event)) return;
  segment.responses += 1;
  if (isEmpty(event.update)) segment.empty += 1;
  addMessages(segment, event.receipt, event.at);
}

/** Whether a response has neither messages nor a gap. @param {Update} update */
export function isEmpty(update) {
  return update.type === 'batch' && update.messages.length === 0;
}

/** A message that was published before the transport (re)started is delivered late by what was
 * before, so its latency does not count. @param {Segment} segment @param {Receipt} receipt @param {number} at */
function addMessages(segment, { newMessages }, at) {
  const since = segment.activeSince ?? -Infinity;
  for (const { latency, isMeasured, bytes } of newMessages) {
    segment.received += 1;
    segment.bodyBytes += bytes;
    if (isMeasured && at - latency.ms >= since) segment.latencies.push(latency);
  }
  if (segment.latencies.length > MAX_LATENCIES) segment.latencies.splice(0, MAX_LATENCIES / 10);
}
