/**
 * When to draw: events in the next frame, movement in each frame, and figures at a rate at
 * which they can be read.
 *
 * @typedef {import('../model/playback.js').Playback} Playback
 *
 * @typedef {object} Frame
 * @property {number} now       the moment to show
 * @property {boolean} live
 * @property {boolean} statsDue whether the figures are drawn, too
 * @property {boolean} still    whether the drawings stand still
 *
 * @typedef {object} Renderer
 * @property {(frame: Frame) => void} draw
 * @property {(now: number) => void} move      time has passed without an event
 * @property {() => boolean} isAnimating       whether time moves the drawings
 */

const STATS_INTERVAL_MS = 125;

/** With reduced motion the drawings move once per interval. */
const STILL_MS = 1000;

/** @param {Playback} playback @param {Renderer} renderer */
export function createRenderLoop(playback, { draw, move, isAnimating }) {
  const reducedMotion = matchMedia('(prefers-reduced-motion: reduce)');
  let requested = false;
  let changed = true;
  let statsAt = 0;
  let movedAt = 0;

  function requestFrame() {
    if (requested) return;
    requested = true;
    requestAnimationFrame(drawFrame);
  }

  function drawFrame() {
    requested = false;
    const now = playback.now();
    const live = !playback.paused;
    const statsDue = !live || performance.now() - statsAt > STATS_INTERVAL_MS;
    const still = reducedMotion.matches && performance.now() - movedAt < STILL_MS;
    if (!still) movedAt = performance.now();
    if (changed || statsDue) {
      changed = false;
      draw({ now, live, statsDue, still });
      if (statsDue) statsAt = performance.now();
    } else if (!still) move(now);
    if (isAnimating() || !statsDue) requestFrame();
  }

  return {
    /** Something has changed. */
    invalidate() {
      changed = true;
      requestFrame();
    },
  };
}
