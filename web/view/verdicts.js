/**
 * The verdict of a lesson: what its run has shown, with the figures of that run. Texts between
 * asterisks are emphasized.
 *
 * @typedef {import('../model/figures.js').PaneFigures} PaneFigures
 * @typedef {(first: PaneFigures, second: PaneFigures, third: PaneFigures, total: number) => string}
 *   Verdict of the panes, left to right, and the number of messages
 */
import { bytes, count, durationText } from '../model/format.js';

/** @param {number} amount @param {string} one @param {string} [many] */
const times = (amount, one, many = `${one}s`) => `*${count(amount)}*\u00a0${amount === 1 ? one : many}`;

/** @param {number | null} amount */
const bytesText = (amount) => (amount === null ? 'unknown' : bytes(Math.round(amount)));

/** @param {number | null} ms */
const latency = (ms) => `*${durationText(ms)}*`;

/** How many times as large. @param {number | null} large @param {number | null} small */
function ratio(large, small) {
  return large && small ? `*${(large / small).toFixed(large / small < 10 ? 1 : 0)}* times` : 'not';
}

/** @type {Record<string, Verdict>} */
const VERDICTS = {
  idle: (poll, longpoll, ws) =>
    `Nothing happened. Polling sent ${times(poll.requests, 'request')} (${bytesText(poll.bytes)}), long polling *${longpoll.requests}*, and the WebSocket only ${times(ws.handshakes, 'handshake')}.`,
  chat: (poll, longpoll, ws) =>
    `Polling: ${latency(poll.latency)} late, about half its ${durationText(poll.intervalMs)}; *${poll.empty}* of ${poll.responses} responses were empty. Long polling: ${latency(longpoll.latency)}, WebSocket: ${latency(ws.latency)}.`,
  order: ({ stale, responses, latency: ms }) =>
    stale > 0
      ? `*${stale}* of ${responses} responses were overtaken: the display jumped back *${stale}* times. setInterval does not wait for the response. V: wait for it.`
      : `*0* of ${responses} responses were overtaken: one request at a time. The price is the latency, now ${latency(ms)}.`,
  outage: (naive, careful, ws, total) =>
    `While the network was down, the naive loop sent ${times(naive.offline, 'request')}, the careful one *${careful.offline}*. ${completeText([naive, careful, ws], total)}`,
  typing: (poll, longpoll) =>
    `Long polling sent ${times(longpoll.requests, 'request')}, polling *${poll.requests}*. Its messages were ${ratio(poll.latency, longpoll.latency)} earlier.`,
  board: (poll, longpoll, ws) =>
    `One message cost *${bytesText(poll.bytesPerMessage)}* by polling, *${bytesText(longpoll.bytesPerMessage)}* by long polling, *${bytesText(ws.bytesPerMessage)}* by WebSocket.`,
  six: (poll, _, ws) =>
    `Six requests were hanging, so up to ${times(poll.waiting, 'poll')} waited in the browser: ${latency(poll.latency)}. The WebSocket needs none of the six connections: ${latency(ws.latency)}.`,
  hidden: (poll, _, ws, total) =>
    poll.hiddenRequests === null
      ? 'The tab was not hidden. Run it again, and leave the tab for 12 seconds.'
      : `Hidden, polling sent *${poll.hiddenRequests.toFixed(1)}* requests per second instead of *${(poll.visibleRequests ?? 0).toFixed(1)}*. The WebSocket received *${ws.delivered}* of ${total} messages.`,
  talks: (poll, longpoll, ws) =>
    `Polling showed the text in ${times(poll.changes, 'jump')}, long polling in *${longpoll.changes}*, the WebSocket in *${ws.changes}*.${overwrittenText(ws.overwritten)}`,
  lab: () =>
    'Timers fire between two turns of the event loop. A chained setTimeout starts each turn on an empty stack.',
};

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
    : `One pane has *${fewest}* of ${total} messages so far.`;
}

/** Other clients publish to the same log, so a pane can have more than this page has published.
 * @param {string} preset @param {PaneFigures[]} panes @param {number} published by this page */
export function verdictOf(preset, panes, published) {
  const total = Math.max(published, ...panes.map(({ delivered }) => delivered));
  const [first, second, third] = panes;
  const verdict = VERDICTS[preset];
  return first && second && third && verdict ? verdict(first, second, third, total) : '';
}
