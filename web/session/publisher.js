/**
 * The publisher that speaks by itself: on schedule, whether or not the last message has
 * arrived anywhere.
 *
 * @typedef {'off' | 'steady' | 'poisson'} Rhythm
 */
import { gaps, random } from '../model/arrivals.js';

/** A body of 60 bytes: a number, and words to fill it up. */
const WORDS = 'the cat sat on the mat and looked at three clocks at once';
const BODY_BYTES = 60;

/** @param {number} number @returns {string} */
export function bodyOf(number) {
  return `${number} ${WORDS}`.padEnd(BODY_BYTES, '.').slice(0, BODY_BYTES);
}

/**
 * When messages are due, in milliseconds from the start.
 *
 * @param {Exclude<Rhythm, 'off'>} rhythm
 * @param {number} perSecond
 * @param {number} seed
 * @returns {Generator<number, void>}
 */
export function* schedule(rhythm, perSecond, seed) {
  let due = 0;
  for (const gap of gaps(rhythm, perSecond, random(seed))) yield (due += gap);
}

/** A timer that is later than this was asleep with its machine. */
const ASLEEP_MS = 10_000;

/** @typedef {(ms: number, then: () => void) => void} Timer */

/** A timer that goes on while the tab is hidden. @returns {Timer} */
export function createMetronome() {
  const worker = new Worker('/workers/timer.js');
  /** @type {Map<number, () => void>} */
  const waiting = new Map();
  let beats = 0;
  worker.onmessage = ({ data: beat }) => {
    waiting.get(beat)?.();
    waiting.delete(beat);
  };
  return (ms, then) => {
    waiting.set(++beats, then);
    worker.postMessage({ ms, beat: beats });
  };
}

/**
 * @param {Timer} timer
 * @param {(number: number) => void} say called with 1, 2, 3, … when each is due
 */
export function createPublisher(timer, say) {
  let run = 0;

  function stop() {
    run += 1;
  }

  /**
   * Moments count from the start and not from the message before: a late timer does not slow
   * the rhythm down. Who slept does not make up for it: an hour's messages would come at once.
   *
   * @param {Iterator<number, unknown>} moments in milliseconds from now, ascending
   */
  function start(moments) {
    stop();
    const own = run;
    let began = performance.now();
    let number = 0;
    const next = () => {
      const { value, done } = moments.next();
      if (done) return;
      timer(Math.max(0, began + Number(value) - performance.now()), () => {
        if (run !== own) return;
        const late = performance.now() - began - Number(value);
        if (late > ASLEEP_MS) began += late;
        say(++number);
        next();
      });
    };
    next();
  }

  return { start, stop };
}

/** @typedef {ReturnType<typeof createPublisher>} Publisher */
