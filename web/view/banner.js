/**
 * The banner: says that what is shown is not now, and that the traffic goes on.
 *
 * @typedef {import('../model/playback.js').Player} Player
 */
import { h, setText } from './dom.js';

/** @param {Player} player */
export function mountBanner(player) {
  const words = h('span');
  const element = h('p', { 'class': 'banner', 'data-testid': 'banner', 'hidden': true }, words);
  return {
    element,
    /** @param {number} now the moment that is shown */
    draw(now) {
      element.hidden = !player.paused;
      if (!player.paused) return;
      const ago = ((performance.now() - now) / 1000).toFixed(1);
      const speed = { 0.1: '⅒×', 0.25: '¼×', 1: '1×' }[player.speed];
      const doing = player.replaying ? `Replay ${speed}` : 'Paused';
      setText(
        words,
        `${doing}: ${ago} s ago. Traffic goes on. Space: live · W: replay · ← →: event by event`,
      );
    },
  };
}
