/**
 * Playback: which moment the page shows. Live it is now, and after a run its end; paused it
 * stands still while the traffic continues; a replay runs from the past towards the moment of
 * the pause.
 *
 * @typedef {import('./timeline.js').Timeline} Timeline
 *
 * @typedef {object} Playhead
 * @property {number | null} pausedAt the moment of the pause; null while live
 * @property {number} position        the moment shown while paused, or where a replay started
 * @property {number | null} replayStartedAt by `performance.now()`; null without a replay
 * @property {number} speed           of replays
 */
import { KEPT_MS } from './timeline.js';

/** Slower to faster. */
export const SPEEDS = [0.1, 0.25, 1];

/** How much time after a run is shown, so that the label of its last mark is visible. */
const AFTER_RUN_MS = 2000;

const LIVE = { pausedAt: null, replayStartedAt: null };

/**
 * @param {Timeline} timeline
 * @param {() => boolean} isRunning
 * @param {() => void} onChange
 */
export function createPlayback(timeline, isRunning, onChange) {
  /** @type {Playhead} */
  let playhead = { ...LIVE, position: 0, speed: 1 };

  const now = () => shownMoment(playhead, latestTime(timeline));
  const isReplaying = () => playhead.replayStartedAt !== null && now() < (playhead.pausedAt ?? 0);
  const goLive = () => update(LIVE);

  /** @param {Partial<Playhead>} change */
  function update(change) {
    playhead = { ...playhead, ...change };
    onChange();
  }

  return {
    now,
    goLive,
    get paused() {
      return playhead.pausedAt !== null;
    },
    get moving() {
      if (playhead.pausedAt !== null) return isReplaying();
      return isRunning() || performance.now() < endOfRun(timeline);
    },
    /** @returns {'running' | 'finished' | null} */
    get replay() {
      if (playhead.replayStartedAt === null) return null;
      return isReplaying() ? 'running' : 'finished';
    },
    get speed() {
      return playhead.speed;
    },
    togglePause: () => (playhead.pausedAt === null ? update(pauseAt(now())) : goLive()),
    startReplay: () => update(replayBefore(playhead.pausedAt ?? now(), timeline)),
    changeSpeed: (/** @type {-1 | 1} */ step) => update(speedChange(playhead, now(), step)),
    /** Steps to the next or previous event. Pauses first when live. */
    stepToEvent: (/** @type {-1 | 1} */ step) =>
      update(pauseAt(playhead.pausedAt ?? now(), neighborEvent(playhead, timeline, now(), step))),
  };
}

/** @param {Playhead} playhead @param {number} latest the latest moment that can be shown */
function shownMoment({ pausedAt, position, replayStartedAt, speed }, latest) {
  if (pausedAt === null) return latest;
  if (replayStartedAt === null) return position;
  return Math.min(pausedAt, position + (performance.now() - replayStartedAt) * speed);
}

/** @param {number} pausedAt @param {number} [position] */
function pauseAt(pausedAt, position = pausedAt) {
  return { pausedAt, position, replayStartedAt: null };
}

/** @param {number} pausedAt @param {Timeline} timeline */
function replayBefore(pausedAt, { events }) {
  const first = events[0]?.at ?? pausedAt;
  const position = Math.max(first, pausedAt - KEPT_MS);
  return { pausedAt, position, replayStartedAt: performance.now() };
}

/** A replay continues at the new speed from where it is.
 * @param {Playhead} playhead @param {number} now @param {-1 | 1} step @returns {Partial<Playhead>} */
function speedChange({ speed, replayStartedAt }, now, step) {
  const index = Math.min(SPEEDS.length - 1, Math.max(0, SPEEDS.indexOf(speed) + step));
  const next = { speed: SPEEDS[index] ?? 1 };
  if (replayStartedAt === null) return next;
  return { ...next, position: now, replayStartedAt: performance.now() };
}

/** The time of the next or previous event; the same moment if there is none.
 * @param {Playhead} playhead @param {Timeline} timeline @param {number} from @param {-1 | 1} step */
function neighborEvent({ pausedAt }, { events }, from, step) {
  const times = events.map(({ at }) => at).filter((at) => at <= (pausedAt ?? from));
  const next = step > 0 ? times.find((at) => at > from) : times.findLast((at) => at < from);
  return next ?? from;
}

/** Where the view stops after a run. Requests in flight at its stop may end a little later.
 * @param {Timeline} timeline */
function endOfRun({ events, pageStats: { stoppedAt } }) {
  if (stoppedAt === null) return -Infinity;
  const last = events.findLast(({ pane }) => pane !== null);
  return Math.max(stoppedAt, last?.at ?? 0) + AFTER_RUN_MS;
}

/** The latest moment that can be shown. @param {Timeline} timeline */
function latestTime(timeline) {
  const { stoppedAt } = timeline.pageStats;
  return stoppedAt === null ? performance.now() : Math.min(performance.now(), endOfRun(timeline));
}

/** @typedef {ReturnType<typeof createPlayback>} Playback */
