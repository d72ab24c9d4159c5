/**
 * The banner of a paused page: the view stands still, the traffic continues.
 *
 * @typedef {import('../model/playback.js').Playback} Playback
 */
import { h, setText } from './dom.js';

/** @param {Playback} playback */
export function mountBanner(playback) {
  const text = h('span');
  const element = h('p', { 'class': 'banner', 'data-testid': 'banner', 'hidden': true }, text);
  return {
    element,
    /** @param {number} now the moment shown */
    draw(now) {
      element.hidden = !playback.paused;
      if (!playback.paused) return;
      const ago = ((performance.now() - now) / 1000).toFixed(1);
      const speed = { 0.1: '⅒×', 0.25: '¼×', 1: '1×' }[playback.speed];
      const mode = playback.replay ? `Replay ${speed}` : 'Paused';
      setText(
        text,
        `${mode}: ${ago} s ago. Traffic continues. Space: live · W: replay · ← →: event by event`,
      );
    },
  };
}
