/**
 * When to draw: what happened is drawn in the next frame, time moves the drawings at each
 * frame, and figures are drawn so often that they can be read.
 *
 * @typedef {import('../model/playback.js').Player} Player
 *
 * @typedef {object} Frame
 * @property {number} now          the moment to show
 * @property {boolean} live
 * @property {boolean} figuresDue  whether the figures are drawn, too
 * @property {boolean} still       whether the drawings stand still
 */

/** In milliseconds. */
const FIGURES_EVERY_MS = 125;

/** Who asks for less motion sees the drawings stand still for so long; in milliseconds. */
const STILL_MS = 1000;

/**
 * @param {Player} player
 * @param {object} page
 * @param {(frame: Frame) => void} page.draw
 * @param {(now: number) => void} page.move nothing happened, but time went by
 * @param {() => boolean} page.goesOn       whether there is more to draw than what happens
 */
export function createFrames(player, { draw, move, goesOn }) {
  const reducedMotion = matchMedia('(prefers-reduced-motion: reduce)');
  let due = false;
  let changed = true;
  let figuresAt = 0;
  let movedAt = 0;

  function next() {
    if (due) return;
    due = true;
    requestAnimationFrame(drawNow);
  }

  function drawNow() {
    due = false;
    const now = player.now();
    const live = !player.paused;
    const figuresDue = !live || performance.now() - figuresAt > FIGURES_EVERY_MS;
    const still = reducedMotion.matches && performance.now() - movedAt < STILL_MS;
    if (!still) movedAt = performance.now();
    if (changed || figuresDue) {
      changed = false;
      draw({ now, live, figuresDue, still });
      if (figuresDue) figuresAt = performance.now();
    } else if (!still) move(now);
    if (goesOn() || !figuresDue) next();
  }

  return {
    /** Something happened. */
    draw() {
      changed = true;
      next();
    },
  };
}
