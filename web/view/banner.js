/**
 * The banner: the page is paused, its server cannot be reached, or a lesson waits for it.
 *
 * @typedef {import('../model/playback.js').Playback} Playback
 * @typedef {import('../session/lab.js').Lab} Lab
 */
import { count } from '../model/format.js';
import { h, setText } from './dom.js';

/** A shorter interruption is not announced. */
const MIN_UNREACHABLE_MS = 1500;

/** A start may wait for two seconds for a control channel that a proxy blocks. */
const MIN_STARTING_MS = 2500;

/** @param {Playback} playback @param {Lab} lab */
export function mountBanner(playback, lab) {
  const text = h('span');
  const element = h('p', { 'class': 'banner', 'data-testid': 'banner', 'hidden': true }, text);
  return {
    element,
    /** @param {number} now the moment shown */
    draw(now) {
      const content = playback.paused ? pausedText(playback, lab, now) : unreachableText(lab) || startingText(lab);
      element.hidden = content === '';
      setText(text, content);
    },
  };
}

/** @param {Playback} playback @param {Lab} lab @param {number} now */
export function pausedText(playback, lab, now) {
  const speed = { 0.1: '⅒×', 0.25: '¼×', 1: '1×' }[playback.speed];
  const mode = playback.replay ? `Replay ${speed}` : 'Paused';
  return `${mode}: ${momentText(lab, now)} Space or . : live · W: replay · ← →: event by event`;
}

/** After a run nothing happens, so that its moments are counted from its start.
 * @param {Lab} lab @param {number} now */
function momentText({ running, timeline }, now) {
  const seconds = (/** @type {number} */ ms) => (Math.max(0, ms) / 1000).toFixed(1);
  if (running) return `${seconds(performance.now() - now)} s ago. Traffic continues.`;
  return `second ${seconds(now - timeline.pageStats.startedAt)} of the run, which has ended.`;
}

/** @param {Lab} lab */
function unreachableText(lab) {
  const since = lab.unreachableSince();
  const ms = since === null ? 0 : performance.now() - since;
  if (ms < MIN_UNREACHABLE_MS) return '';
  return `Server not reachable for ${count(Math.round(ms / 1000))}\u00a0s; retrying. The panes will continue from their cursors.`;
}

/** @param {Lab} lab */
function startingText({ startingSince, settings }) {
  const since = startingSince();
  const ms = since === null ? 0 : performance.now() - since;
  if (ms < MIN_STARTING_MS) return '';
  const what = settings.preset ? 'the lesson starts' : 'the panes start';
  return `Waiting for the server; ${what} when it responds.`;
}
