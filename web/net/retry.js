/**
 * Persistence: whatever ends a technique - an error, a server that went away, a gap - it is
 * started again, from the cursor. One mechanism for all of them.
 *
 * @typedef {import('../transports/index.js').Technique} Technique
 */
import { sleep } from './sleep.js';
import { Failure } from './client.js';

/** The first pause, and the longest; in milliseconds. */
const FIRST = 250;
const LONGEST = 8000;

/**
 * Twice as long after each failure, at random between half and all of it, so that a thousand
 * clients of a server that was restarted do not come back in one instant.
 *
 * @param {number} failures in a row
 */
export function backOff(failures) {
  const pause = Math.min(LONGEST, FIRST * 2 ** failures);
  return pause * (0.5 + Math.random() / 2);
}

/**
 * @param {Technique} technique
 * @param {(failures: number, every: number) => number} pause in milliseconds
 * @param {(ms: number) => void} onPause
 * @returns {Technique}
 */
export function persist(technique, pause, onPause) {
  return async function* (wire, cursor, signal, every) {
    for (let failures = 0; !signal.aborted; failures++) {
      let retryAfter = 0;
      try {
        for await (const answer of technique(wire, cursor, signal, every)) {
          failures = -1;
          yield answer;
        }
      } catch (error) {
        if (error instanceof Failure) retryAfter = error.retryAfter;
      }
      if (signal.aborted) return;
      const ms = Math.max(retryAfter, pause(Math.max(0, failures), every));
      onPause(ms);
      await sleep(ms, signal).catch(() => {});
    }
  };
}
