/**
 * The statistics: folds over the events of a pane, and over those of the page.
 *
 * @typedef {import('./events.js').PageEvent} PageEvent
 * @typedef {import('./events.js').PaneEvent} PaneEvent
 * @typedef {import('./events.js').Receipt} Receipt
 * @typedef {import('./events.js').Timed} Timed
 * @typedef {import('./types.js').Gap} Gap
 * @typedef {import('./segments.js').Segment} Segment
 * @typedef {import('./types.js').Latency} Latency
 * @typedef {import('./types.js').Message} Message
 * @typedef {import('./types.js').TransportId} TransportId
 *
 * @typedef {'stopped' | 'connecting' | 'queued' | 'polling' | 'held' | 'open' |
 *   'retrying'} PaneState
 *
 * @typedef {{ kind: 'message', message: Message, latency: Latency }
 *   | { kind: 'stale', message: Message, after: number }
 *   | { kind: 'gap', gap: Gap, missed: number }
 *   | { kind: 'earlier', message: Message }} TickerEntry
 *
 * @typedef {object} Stats what belongs to a transport is in its segment; the cursor, and what
 *   follows from it, is the pane's
 * @property {Segment} segment   the current one
 * @property {Segment[]} earlier the finished ones, oldest first
 * @property {PaneState} state
 * @property {number} stateSince when the state was entered, by `performance.now()`
 * @property {number | null} rejection status of the response to the last request that failed;
 *   null: it had none
 * @property {number} inFlight   requests without an outcome yet
 * @property {number} queued     those of them that have not left the browser
 * @property {number} delivered  messages delivered, each counted once
 * @property {number} stale      responses that replaced a newer version on the display
 * @property {number} duplicate  messages delivered again
 * @property {number} missed     messages that the log no longer held
 * @property {number} gaps       times that the log could not continue from the cursor
 * @property {number} shown      the version on the display, stale or not
 * @property {number} head       the newest version reported by the log
 * @property {TickerEntry[]} entries newest first
 * @property {Message | null} text the shared text on the display
 * @property {number} overwritten shared texts that replaced what another author had added
 * @property {{ text: string, at: number } | null} lost what the last of them removed
 *
 * @typedef {object} PageStats
 * @property {number} startedAt   when the last run started; 0 before the first
 * @property {number | null} stoppedAt when it stopped; null while it runs
 * @property {boolean} isComplete whether it is a lesson that ran to its end
 * @property {number} published   messages published by this page
 * @property {number} newestPublished
 * @property {number} newestRemote newest version from another client, or before the start
 */
import { summarize } from './quantiles.js';
import { sharedTextOf } from './events.js';
import {
  cloneSegment, continues, countInSegment, emptySegment, nextSegment, stopSegment,
} from './segments.js';
import { kindOf } from './types.js';

/** Entries kept for the ticker, and finished segments; older ones are dropped. */
const MAX_ENTRIES = 40;
const MAX_EARLIER = 20;

/** @returns {Stats} */
export function emptyStats() {
  return {
    segment: emptySegment(),
    earlier: [],
    state: 'stopped',
    stateSince: 0,
    rejection: null,
    inFlight: 0,
    queued: 0,
    delivered: 0,
    stale: 0,
    duplicate: 0,
    missed: 0,
    gaps: 0,
    shown: 0,
    head: 0,
    entries: [],
    text: null,
    overwritten: 0,
    lost: null,
  };
}

/** @param {Stats} stats @returns {Stats} */
export function cloneStats(stats) {
  const { segment, earlier, entries } = stats;
  return {
    ...stats,
    segment: cloneSegment(segment),
    earlier: earlier.slice(),
    entries: entries.slice(),
  };
}

/** Adds one event of a pane. @param {Stats} stats @param {PaneEvent & Timed} event */
export function applyEvent(stats, event) {
  if (event.type === 'transport') startSegment(stats, event);
  if (event.type === 'stopped') stopSegment(stats.segment, event.at);
  const state = stateAfter(event, stats.segment.transport);
  if (state) Object.assign(stats, { state, stateSince: event.at });
  if (event.type === 'error') stats.rejection = event.status ?? null;
  countInFlight(stats, event);
  countInSegment(stats.segment, event);
  if ('receipt' in event) applyReceipt(stats, event.receipt, event.at);
}

/** Continues the segment, or begins the next one.
 * @param {Stats} stats @param {PaneEvent & Timed & { type: 'transport' }} event */
function startSegment(stats, event) {
  const { segment, earlier } = stats;
  stopSegment(segment, event.at);
  if (continues(segment, event)) {
    segment.activeSince = event.at;
    return;
  }
  if (segment.number > 0) earlier.push(segment);
  if (earlier.length > MAX_EARLIER) earlier.shift();
  stats.segment = nextSegment(segment, event);
}

/** The state that an event leads to, or null if it stays. Only the client of the current
 * transport has events that matter: an aborted one has only `cancel` and `close`.
 * @param {PaneEvent} event @param {TransportId | null} transport @returns {PaneState | null} */
function stateAfter(event, transport) {
  const { type } = event;
  const kind = transport && kindOf(transport);
  if (type === 'stopped') return 'stopped';
  if (type === 'transport') return 'connecting';
  if (type === 'open') return 'open';
  if (type === 'error' || type === 'pause') return 'retrying';
  if (type === 'response' && kind === 'poll') return 'polling';
  if (type === 'request' && event.isQueued) return 'queued';
  if (type === 'sent') return kind === 'longpoll' ? 'held' : 'polling';
  if (type === 'request' && kind === 'longpoll') return 'held';
  if (type === 'request' && kind === 'ws') return 'connecting';
  return null;
}

/** Of the pane and not of a segment: the outcome of a request can follow the switch.
 * @param {Stats} stats @param {PaneEvent} event */
function countInFlight(stats, event) {
  switch (event.type) {
    case 'request':
      stats.inFlight += 1;
      if (event.isQueued) stats.queued += 1;
      break;
    case 'sent':
      stats.queued -= 1;
      break;
    case 'error':
    case 'cancel':
      if (event.isQueued) stats.queued -= 1;
      stats.inFlight -= 1;
      break;
    case 'response':
    case 'open':
      stats.inFlight -= 1;
      break;
    case 'close':
      if (!event.opened) stats.inFlight -= 1;
      break;
  }
}

/** @param {Stats} stats @param {Receipt} receipt @param {number} at */
function applyReceipt(stats, receipt, at) {
  const { newMessages, duplicates, displayedVersion, head, messages, gap } = receipt;
  stats.delivered += newMessages.length;
  stats.duplicate += duplicates;
  stats.shown = displayedVersion;
  stats.head = head;
  for (const { message } of newMessages) applyText(stats, message, at);
  stats.text = sharedTextOf(messages) ?? stats.text;
  if (gap) {
    stats.gaps += 1;
    stats.missed += gap.missed;
  }
  addEntries(stats, receipt);
}

/** Counts a text that lacks what another author had added: order is not merging.
 * @param {Stats} stats @param {Message} message @param {number} at */
function applyText(stats, message, at) {
  if (message.kind !== 'text' || typeof message.body !== 'string') return;
  const before = stats.text;
  stats.text = message;
  if (!before || before.sender === message.sender || before.version > message.version) return;
  const lost = lostText(String(before.body), message.body);
  if (!lost) return;
  stats.overwritten += 1;
  stats.lost = { text: lost, at };
}

/** What the second text lacks of the first: its middle, between what both begin and end with.
 * @param {string} before @param {string} after */
export function lostText(before, after) {
  const longest = Math.min(before.length, after.length);
  let start = 0;
  while (start < longest && before[start] === after[start]) start++;
  let end = 0;
  while (end < longest - start && before.at(-1 - end) === after.at(-1 - end)) end++;
  return before.slice(start, before.length - end);
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
 * @param {Pick<Segment, 'latencies'>} segment */
export function latencySummary({ latencies }) {
  return {
    ...summarize(latencies.map(({ ms }) => ms)),
    error: latencies.reduce((worst, { error }) => Math.max(worst, error), 0),
  };
}

/** @returns {PageStats} */
export function emptyPageStats() {
  return { startedAt: 0, stoppedAt: null, isComplete: false, published: 0, newestPublished: 0, newestRemote: 0 };
}

/** Adds one event of the page. @param {PageStats} stats @param {PageEvent & Timed} event */
export function applyPageEvent(stats, event) {
  switch (event.type) {
    case 'start':
      stats.startedAt = event.at;
      stats.stoppedAt = null;
      stats.isComplete = false;
      stats.newestRemote = Math.max(stats.newestRemote, event.since);
      break;
    case 'stop':
      stats.stoppedAt = event.at;
      stats.isComplete = event.isComplete;
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
