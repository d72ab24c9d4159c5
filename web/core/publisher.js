/**
 * The publisher that speaks by itself: on schedule, whether or not the last message has
 * arrived anywhere.
 *
 * @typedef {'off' | 'steady' | 'poisson'} Rhythm
 */
import { gaps, random } from './schedule.js';

/** A body of 60 bytes: a number, and words to fill it up. */
const WORDS = 'the cat sat on the mat and looked at three clocks at once';
const BODY_BYTES = 60;

/** @param {number} number @returns {string} */
export function bodyOf(number) {
  return `${number} ${WORDS}`.padEnd(BODY_BYTES, '.').slice(0, BODY_BYTES);
}

/** @param {(body: string) => void} say */
export function createPublisher(say) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  function stop() {
    clearTimeout(timer);
    timer = undefined;
  }

  /**
   * Each message is due a gap after the one before was due, not after it was sent: a late
   * timer does not slow the rhythm down.
   *
   * @param {Exclude<Rhythm, 'off'>} rhythm
   * @param {number} perSecond
   * @param {number} seed
   */
  function start(rhythm, perSecond, seed) {
    stop();
    const schedule = gaps(rhythm, perSecond, random(seed));
    let due = performance.now() + schedule.next().value;
    let number = 0;
    const speak = () => {
      say(bodyOf(++number));
      due += schedule.next().value;
      timer = setTimeout(speak, due - performance.now());
    };
    timer = setTimeout(speak, due - performance.now());
  }

  return { start, stop };
}
