/**
 * The banner: the page is paused, or its server cannot be reached.
 *
 * @typedef {import('../model/playback.js').Playback} Playback
 * @typedef {import('../session/lab.js').Lab} Lab
 */
import { count } from '../model/format.js';
import { h, setText } from './dom.js';

/** A shorter interruption is not announced. */
const MIN_UNREACHABLE_MS = 1500;

/** @param {Playback} playback @param {Lab} lab */
export function mountBanner(playback, lab) {
  const text = h('span');
  const element = h('p', { 'class': 'banner', 'data-testid': 'banner', 'hidden': true }, text);
  return {
    element,
    /** @param {number} now the moment shown */
    draw(now) {
      const content = playback.paused ? pausedText(playback, now) : unreachableText(lab);
      element.hidden = content === '';
      setText(text, content);
    },
  };
}

/** @param {Playback} playback @param {number} now */
function pausedText(playback, now) {
  const ago = ((performance.now() - now) / 1000).toFixed(1);
  const speed = { 0.1: '⅒×', 0.25: '¼×', 1: '1×' }[playback.speed];
  const mode = playback.replay ? `Replay ${speed}` : 'Paused';
  return `${mode}: ${ago} s ago. Traffic continues. Space: live · W: replay · ← →: event by event`;
}

/** @param {Lab} lab */
function unreachableText(lab) {
  const since = lab.unreachableSince;
  const ms = since === null ? 0 : performance.now() - since;
  if (ms < MIN_UNREACHABLE_MS) return '';
  return `Server not reachable since ${count(Math.round(ms / 1000))} s; retrying. Nothing is lost: the panes continue from their cursors.`;
}
