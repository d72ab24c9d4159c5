/**
 * The statistics: folds over the events of a pane, and over those of the page.
 *
 * @typedef {import('./events.js').PageEvent} PageEvent
 * @typedef {import('./events.js').PaneEvent} PaneEvent
 * @typedef {import('./events.js').Receipt} Receipt
 * @typedef {import('./events.js').Timed} Timed
 * @typedef {import('./types.js').Gap} Gap
 * @typedef {import('./types.js').Latency} Latency
 * @typedef {import('./types.js').Message} Message
 * @typedef {import('./types.js').TransportId} TransportId
 * @typedef {import('./types.js').Update} Update
 *
 * @typedef {'stopped' | 'connecting' | 'polling' | 'held' | 'open' | 'retrying'} PaneState
 *
 * @typedef {{ kind: 'message', message: Message, latency: Latency }
 *   | { kind: 'stale', message: Message, after: number }
 *   | { kind: 'gap', gap: Gap, missed: number }
 *   | { kind: 'earlier', message: Message }} TickerEntry
 *
 * @typedef {object} Stats
 * @property {TransportId | null} transport
 * @property {PaneState} state
 * @property {number} stateSince when the state was entered, by `performance.now()`
 * @property {number} requests   requests and opening handshakes sent
 * @property {number} responses  responses to requests, and batches on a socket
 * @property {number} empty      responses without messages
 * @property {number} errors     requests without a response, and sockets closed unexpectedly
 * @property {number} inFlight   requests without an outcome yet
 * @property {number} delivered  messages delivered, each counted once
 * @property {number} stale      responses that replaced a newer version on the display
 * @property {number} duplicate  messages delivered again
 * @property {number} missed     messages that the log no longer held
 * @property {number} gaps       times that the log could not continue from the cursor
 * @property {number} bodyBytes  size of the bodies of delivered messages
 * @property {number} shown      the version on the display, stale or not
 * @property {number} head       the newest version reported by the log
 * @property {Latency[]} latencies
 * @property {TickerEntry[]} entries newest first
 * @property {Message | null} text the shared text on the display
 *
 * @typedef {object} PageStats
 * @property {number} startedAt   when the last run started; 0 before the first
 * @property {number | null} stoppedAt when it stopped; null while it runs
 * @property {number} published   messages published by this page
 * @property {number} newestPublished
 * @property {number} newestRemote newest version from another client, or before the start
 */
import { summarize } from './quantiles.js';
import { sharedTextOf } from './events.js';
import { kindOf } from './types.js';

/** Latencies kept for the quantiles, and entries kept for the ticker; older ones are dropped. */
const MAX_LATENCIES = 10_000;
const MAX_ENTRIES = 40;

/** @returns {Stats} */
export function emptyStats() {
  return {
    transport: null,
    state: 'stopped',
    stateSince: 0,
    requests: 0,
    responses: 0,
    empty: 0,
    errors: 0,
    inFlight: 0,
    delivered: 0,
    stale: 0,
    duplicate: 0,
    missed: 0,
    gaps: 0,
    bodyBytes: 0,
    shown: 0,
    head: 0,
    latencies: [],
    entries: [],
    text: null,
  };
}

/** @param {Stats} stats @returns {Stats} */
export function cloneStats(stats) {
  return { ...stats, latencies: stats.latencies.slice(), entries: stats.entries.slice() };
}

/** Adds one event of a pane. @param {Stats} stats @param {PaneEvent & Timed} event */
export function applyEvent(stats, event) {
  if (event.type === 'transport') stats.transport = event.transport;
  const state = stateAfter(event, stats.transport);
  if (state) Object.assign(stats, { state, stateSince: event.at });
  countEvent(stats, event);
  if ('receipt' in event) applyReceipt(stats, event.receipt);
}

/** The state that an event leads to, or null if it stays. Only the client of the current
 * transport has events that matter: an aborted one has only `cancel` and `close`.
 * @param {PaneEvent} event @param {TransportId | null} transport @returns {PaneState | null} */
function stateAfter({ type }, transport) {
  const kind = transport && kindOf(transport);
  if (type === 'stopped') return 'stopped';
  if (type === 'transport') return 'connecting';
  if (type === 'open') return 'open';
  if (type === 'error' || type === 'pause') return 'retrying';
  if (type === 'response' && kind === 'poll') return 'polling';
  if (type === 'request' && kind === 'longpoll') return 'held';
  if (type === 'request' && kind === 'ws') return 'connecting';
  return null;
}

/** @param {Stats} stats @param {PaneEvent} event */
function countEvent(stats, event) {
  switch (event.type) {
    case 'request':
      stats.requests += 1;
      stats.inFlight += 1;
      break;
    case 'response':
      stats.inFlight -= 1;
      break;
    case 'error':
      stats.errors += 1;
      stats.inFlight -= 1;
      break;
    case 'cancel':
    case 'open':
      stats.inFlight -= 1;
      break;
    case 'close':
      if (!event.opened) stats.inFlight -= 1;
      if (!event.expected) stats.errors += 1;
      break;
  }
  if ('update' in event) {
    stats.responses += 1;
    if (isEmpty(event.update)) stats.empty += 1;
  }
}

/** Whether a response has neither messages nor a gap. @param {Update} update */
export function isEmpty(update) {
  return update.type === 'batch' && update.messages.length === 0;
}

/** @param {Stats} stats @param {Receipt} receipt */
function applyReceipt(stats, receipt) {
  const { newMessages, duplicates, displayedVersion, head, messages, gap } = receipt;
  stats.delivered += newMessages.length;
  stats.duplicate += duplicates;
  stats.shown = displayedVersion;
  stats.head = head;
  stats.text = sharedTextOf(messages) ?? stats.text;
  if (gap) {
    stats.gaps += 1;
    stats.missed += gap.missed;
  }
  for (const { latency, isMeasured, bytes } of newMessages) {
    stats.bodyBytes += bytes;
    if (isMeasured) stats.latencies.push(latency);
  }
  if (stats.latencies.length > MAX_LATENCIES) stats.latencies.splice(0, MAX_LATENCIES / 10);
  addEntries(stats, receipt);
}

/** @param {Stats} stats @param {Receipt} receipt */
function addEntries(stats, { newMessages, staleAfter, messages, gap }) {
  for (const { message, latency } of newMessages.slice(-MAX_ENTRIES)) {
    stats.entries.unshift({ kind: 'message', message, latency });
  }
  const last = messages.at(-1);
  if (staleAfter !== null && last) {
    stats.stale += 1;
    stats.entries.unshift({ kind: 'stale', message: last, after: staleAfter });
  }
  if (gap) stats.entries.unshift({ kind: 'gap', ...gap });
  stats.entries.length = Math.min(stats.entries.length, MAX_ENTRIES);
}

/** Quantiles of the latencies in milliseconds; `error` is the largest possible error of all.
 * @param {Stats} stats */
export function latencySummary({ latencies }) {
  return {
    ...summarize(latencies.map(({ ms }) => ms)),
    error: latencies.reduce((worst, { error }) => Math.max(worst, error), 0),
  };
}

/** @returns {PageStats} */
export function emptyPageStats() {
  return { startedAt: 0, stoppedAt: null, published: 0, newestPublished: 0, newestRemote: 0 };
}

/** Adds one event of the page. @param {PageStats} stats @param {PageEvent & Timed} event */
export function applyPageEvent(stats, event) {
  switch (event.type) {
    case 'start':
      stats.startedAt = event.at;
      stats.stoppedAt = null;
      stats.newestRemote = Math.max(stats.newestRemote, event.since);
      break;
    case 'stop':
      stats.stoppedAt = event.at;
      break;
    case 'published':
      stats.published += 1;
      stats.newestPublished = Math.max(stats.newestPublished, event.version);
      break;
    case 'remote':
      stats.newestRemote = Math.max(stats.newestRemote, event.message.version);
      break;
  }
}
