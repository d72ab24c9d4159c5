/**
 * The verdict of a lesson: what its run has shown, with the figures of that run. It names the
 * transports that ran; if they are not those that the lesson is about, it shows their figures
 * only. Texts between asterisks are emphasized.
 *
 * @typedef {import('../model/figures.js').PaneFigures} PaneFigures
 * @typedef {import('../model/presets.js').Preset} Preset
 * @typedef {import('../model/types.js').TransportKind} TransportKind
 *
 * @typedef {object} Run
 * @property {PaneFigures[]} panes left to right
 * @property {number} published   messages of this page
 * @property {number} ms          how long it ran
 * @property {boolean} isComplete whether it ran to its end
 *
 * @typedef {[PaneFigures, PaneFigures, PaneFigures]} Panes left to right
 *
 * @typedef {object} Verdict
 * @property {(TransportKind | null)[]} kinds of the panes that the text is about; null: any
 * @property {(...panes: Panes) => boolean} isShown whether the run was long enough to show it
 * @property {(panes: Panes, total: number, isComplete: boolean) => string} text for `total` messages
 */
import { FIGURES } from '../model/figures.js';
import { bytes, capitalize, count, durationText } from '../model/format.js';
import { kindOf } from '../model/types.js';
import { transports } from '../transports/index.js';
import { headlinesOf } from './headlines.js';
import { KIND_LABELS, plainName } from './kinds.js';

/** Fewer messages or requests say nothing about an average. */
const MIN_SAMPLE = 3;

/** Long enough to show that a loop continues, or that a request waits. */
const MIN_WAIT_MS = 2000;

/** Share of the interval that is still "about half" of it. */
const HALF = { from: 0.35, to: 0.65 };

/** @param {number} amount @param {string} one @param {string} [many] */
const times = (amount, one, many = `${one}s`) => `*${count(amount)}*\u00a0${amount === 1 ? one : many}`;

/** @param {number | null} amount */
const bytesText = (amount) => (amount === null ? 'unknown' : bytes(Math.round(amount)));

/** @param {number | null} ms */
const latency = (ms) => `*${durationText(ms)}*`;

/** At the start of a sentence; polling has a variant unless it is the plain interval.
 * @param {PaneFigures} figures */
function nameOf({ transport }) {
  const { name } = KIND_LABELS[kindOf(transport)];
  const isPlain = kindOf(transport) !== 'poll' || transport === 'interval';
  return isPlain ? name : `${name} (${transports[transport].label})`;
}

/** @type {Record<string, Verdict>} */
const VERDICTS = {
  idle: {
    kinds: ['poll', 'longpoll', 'ws'],
    isShown: (poll) => poll.requests >= MIN_SAMPLE,
    text: ([poll, longpoll, ws], total) =>
      `${total === 0 ? 'No messages. ' : ''}${nameOf(poll)} sent ${times(poll.requests, 'request')} (${bytesText(poll.bytes)}), long polling *${longpoll.requests}*, and the WebSocket only ${times(ws.handshakes, 'handshake')}.`,
  },
  chat: {
    kinds: ['poll', 'longpoll', 'ws'],
    isShown: (...panes) => panes.every(({ measured, responses }) => Math.min(measured, responses) >= MIN_SAMPLE),
    text: ([poll, longpoll, ws]) =>
      `${nameOf(poll)}: ${latency(poll.latency)} late, ${intervalText(poll, ws)}; *${poll.empty}* of ${poll.responses} responses were empty. Long polling: ${latency(longpoll.latency)}, WebSocket: ${latency(ws.latency)}.`,
  },
  order: {
    kinds: ['poll', null, null],
    isShown: ({ transport, stale, responses, measured }) =>
      transport === 'interval' ? stale > 0 || responses >= 3 * MIN_SAMPLE : Math.min(responses, measured) >= MIN_SAMPLE,
    text: ([poll]) => orderText(poll),
  },
  outage: {
    kinds: [null, null, null],
    isShown: ({ outageMs }) => outageMs >= MIN_WAIT_MS,
    text: (panes, total) => `While the network was down, ${offlineText(panes)}. ${completeText(panes, total)}`,
  },
  typing: {
    kinds: ['poll', 'longpoll', null],
    isShown: (...[poll, longpoll]) =>
      poll.requests >= MIN_SAMPLE && Math.min(poll.measured, longpoll.measured) >= MIN_SAMPLE,
    text: ([poll, longpoll]) =>
      `Long polling sent ${times(longpoll.requests, 'request')}, ${lower(nameOf(poll))} *${count(poll.requests)}*. Messages arrived after ${latency(longpoll.latency)} instead of ${latency(poll.latency)}.`,
  },
  board: {
    kinds: ['poll', 'longpoll', 'ws'],
    isShown: (...panes) => panes.every(({ bytesPerMessage }) => bytesPerMessage !== null),
    text: ([poll, longpoll, ws]) =>
      `One message cost *${bytesText(poll.bytesPerMessage)}* by ${lower(nameOf(poll))}, *${bytesText(longpoll.bytesPerMessage)}* by long polling, *${bytesText(ws.bytesPerMessage)}* by WebSocket.`,
  },
  six: {
    kinds: ['poll', null, 'ws'],
    isShown: ({ longestQueued }) => longestQueued !== null && longestQueued >= MIN_WAIT_MS,
    text: ([poll, , ws], _, isComplete) =>
      `The seventh request waited ${latency(poll.longestQueued)}, until the ${isComplete ? 'six' : 'run'} ended; up to ${times(poll.mostQueued, 'poll was', 'polls were')} queued. Median latency of a message: ${lower(nameOf(poll))} ${latency(poll.latency)}, WebSocket ${latency(ws.latency)}.`,
  },
  hidden: {
    kinds: ['poll', null, 'ws'],
    isShown: () => true,
    text: ([poll, , ws], total) =>
      poll.hiddenRequests === null
        ? 'The tab was not hidden, or for less than a second. Press Enter to run it again, and leave the tab for 12 seconds.'
        : `Hidden, ${lower(nameOf(poll))} sent *${poll.hiddenRequests.toFixed(1)}* requests per second${visibleText(poll)}. The WebSocket received *${count(ws.delivered)}* of ${count(total)} messages.`,
  },
  talks: {
    kinds: ['poll', 'longpoll', 'ws'],
    isShown: (poll) => poll.changes > 1,
    text: ([poll, longpoll, ws]) =>
      `${nameOf(poll)} showed the text in ${times(poll.changes, 'jump')}, long polling in *${longpoll.changes}*, the WebSocket in *${ws.changes}*.${overwrittenText(ws.overwritten)}`,
  },
  lab: {
    kinds: [null, null, null],
    isShown: () => false, // it has no panes; it is explained only when all three have run
    text: () =>
      'poll *never* runs: while (true) does not end its turn of the event loop. A chained setTimeout starts each turn on an empty stack: no overflow.',
  },
};

/** The first letter in lower case, unless it is a name. @param {string} text */
const lower = (text) => (text === KIND_LABELS.ws.name ? text : text.slice(0, 1).toLowerCase() + text.slice(1));

/** The wait for the next poll is what polling adds to the way, which a WebSocket has as well.
 * @param {PaneFigures} poll @param {PaneFigures} ws */
function intervalText(poll, ws) {
  const share = ((poll.latency ?? 0) - (ws.latency ?? 0)) / poll.intervalMs;
  const isHalf = share >= HALF.from && share <= HALF.to;
  return `${isHalf ? 'about half its' : 'with an interval of'} ${durationText(poll.intervalMs)}`;
}

/** @param {PaneFigures} poll */
function orderText({ transport, stale, responses, latency: ms }) {
  const counted = `*${count(stale)}* of ${count(responses)} responses were older than what was already shown`;
  if (transport !== 'interval') return `${counted}: one request at a time. The price is the latency, now ${latency(ms)}.`;
  if (stale === 0) return `${counted} in this run, but setInterval does not prevent it.`;
  return `${counted}: setInterval does not wait. Press V: the same run, but each request waits for its response.`;
}

/** What each pane has sent; of a WebSocket only if it has sent something.
 * @param {PaneFigures[]} panes */
function offlineText(panes) {
  const isListed = (/** @type {PaneFigures} */ { transport, offline }) => kindOf(transport) !== 'ws' || offline > 0;
  const listed = panes.filter(isListed).map(({ transport, offline }, index) => {
    const name = kindOf(transport) === 'poll' ? transports[transport].label : lower(KIND_LABELS[kindOf(transport)].name);
    return index === 0 ? `${name} sent ${times(offline, 'request')}` : `${name} *${count(offline)}*`;
  });
  return listed.length > 0 ? listed.join(', ') : 'no pane sent a request';
}

/** @param {PaneFigures} poll */
function visibleText({ visibleRequests }) {
  return visibleRequests === null ? '' : ` instead of *${visibleRequests.toFixed(1)}*`;
}

/** @param {number} overwritten */
function overwrittenText(overwritten) {
  if (overwritten === 0) return ' With two typists the last version wins.';
  return ` The last version wins: ${times(overwritten, 'time')} it lacked what the other typist had written.`;
}

/** @param {PaneFigures[]} panes @param {number} total */
function completeText(panes, total) {
  const fewest = Math.min(...panes.map(({ delivered }) => delivered));
  return fewest === total
    ? `Nothing was lost: *${total}* of ${total} messages in each pane.`
    : `When the run ended, a pane had *${fewest}* of ${total} messages.`;
}

/** What the lesson is about, of each pane. @param {Preset} preset @param {PaneFigures[]} panes */
function figuresText({ figure }, panes) {
  const values = headlinesOf(figure, panes).map(({ value, unit }, index) => {
    const { transport } = panes[index] ?? {};
    return `${transport ? plainName(transport) : ''}: *${value}*${unit && `\u00a0${unit}`}`;
  });
  const since = panes.every(({ isWhole }) => isWhole) ? '' : ' A pane that was changed counts from its last change.';
  return `${capitalize(FIGURES[figure].label)}. ${values.join('; ')}.${since}`;
}

/** Other clients publish to the same log, so a pane can have more than this page has published.
 * @param {Preset} preset @param {Run} run */
export function verdictOf(preset, { panes, published, ms, isComplete }) {
  const verdict = VERDICTS[preset.id];
  const [first, second, third] = panes;
  if (!first || !second || !third || !verdict) return '';
  const total = Math.max(published, ...panes.map(({ delivered }) => delivered));
  const isShown = preset.antipatterns ? isComplete : verdict.isShown(first, second, third);
  const isFitting = panes.every(({ transport, isWhole }, index) =>
    isWhole && [null, kindOf(transport)].includes(verdict.kinds[index] ?? null));
  if (isFitting && isShown) return verdict.text([first, second, third], total, isComplete);
  if (isComplete || !isFitting) return figuresText(preset, panes);
  return `Ended after ${(ms / 1000).toFixed(1)}\u00a0s: too short to show it. Enter runs it again.`;
}
