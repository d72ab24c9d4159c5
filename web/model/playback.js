/**
 * The player: which moment the page shows. Live it is now, and after a run its end; paused it
 * stands still, while the traffic goes on; replaying it walks from the past towards the moment
 * of the pause.
 *
 * @typedef {import('../session/lab.js').Lab} Lab
 */

import { KEPT_MS } from './timeline.js';

/** Slower to faster. */
export const SPEEDS = [0.1, 0.25, 1];

/** How much is shown of the time after a run, so that the words of its last mark are in sight. */
const AFTER_MS = 2000;

/** @param {Lab} lab @param {() => void} onChange */
export function createPlayer(lab, onChange) {
  const { timeline } = lab;
  /** The moment of the pause; null while live. @type {number | null} */
  let pausedAt = null;
  /** Where the view stands while paused. */
  let position = 0;
  /** When a replay left `position`, by performance.now(); null while it stands. */
  /** @type {number | null} */
  let leftAt = null;
  let speed = 1;

  /** Where the view stops after a run. What was under way then may end a little later. */
  function end() {
    if (lab.stoppedAt === null) return Infinity;
    const last = timeline.events.findLast(({ pane }) => pane !== null);
    return Math.max(lab.stoppedAt, last?.at ?? 0) + AFTER_MS;
  }

  /** The last moment that there is to show. */
  function latest() {
    return Math.min(performance.now(), end());
  }

  function now() {
    if (pausedAt === null) return latest();
    if (leftAt === null) return position;
    return Math.min(pausedAt, position + (performance.now() - leftAt) * speed);
  }

  /** Stands at a moment. @param {number} at */
  function stand(at) {
    position = at;
    leftAt = null;
    onChange();
  }

  return {
    now,
    get paused() {
      return pausedAt !== null;
    },
    /** Whether the moment moves on by itself. */
    get moving() {
      if (pausedAt !== null) return this.replaying;
      return lab.running || (lab.stoppedAt !== null && performance.now() < end());
    },
    get replaying() {
      return leftAt !== null && pausedAt !== null && now() < pausedAt;
    },
    get speed() {
      return speed;
    },
    togglePause() {
      if (pausedAt === null) {
        pausedAt = latest();
        stand(pausedAt);
      } else {
        pausedAt = null;
        leftAt = null;
        onChange();
      }
    },
    live() {
      pausedAt = null;
      leftAt = null;
      onChange();
    },
    /** From the past on, at the present speed. Pauses first when live. */
    replay() {
      pausedAt ??= latest();
      const first = timeline.events[0]?.at ?? pausedAt;
      position = Math.max(first, pausedAt - KEPT_MS);
      leftAt = performance.now();
      onChange();
    },
    /** @param {-1 | 1} step */
    changeSpeed(step) {
      const reached = now();
      const index = Math.min(SPEEDS.length - 1, Math.max(0, SPEEDS.indexOf(speed) + step));
      speed = SPEEDS[index] ?? 1;
      if (leftAt !== null) {
        position = reached;
        leftAt = performance.now();
      }
      onChange();
    },
    /** To the next event, or the one before. Pauses first when live. @param {-1 | 1} step */
    toEvent(step) {
      const from = now();
      pausedAt ??= from;
      const last = pausedAt;
      const moments = timeline.events.map(({ at }) => at).filter((at) => at <= last);
      const next =
        step > 0 ? moments.find((at) => at > from) : moments.findLast((at) => at < from);
      stand(next ?? from);
    },
  };
}

/** @typedef {ReturnType<typeof createPlayer>} Player */
