/**
 * The publisher: publishes on schedule, whether or not earlier messages have arrived.
 *
 * @typedef {(ms: number, callback: () => void) => void} Timer
 */

/** A timer that is late by more than this was suspended with its machine. */
const SUSPENDED_MS = 10_000;

/** A timer that is not slowed down while the tab is hidden. @returns {Timer} */
export function createWorkerTimer() {
  const worker = new Worker('/workers/timer.js');
  /** @type {Map<number, () => void>} */
  const callbacks = new Map();
  let nextId = 0;
  worker.onmessage = ({ data: id }) => {
    callbacks.get(id)?.();
    callbacks.delete(id);
  };
  return (ms, callback) => {
    callbacks.set(++nextId, callback);
    worker.postMessage({ ms, id: nextId });
  };
}

/**
 * @param {Timer} timer
 * @param {(number: number) => void} publish called with 1, 2, 3, … when each is due
 */
export function createPublisher(timer, publish) {
  let current = 0;

  /**
   * Due times count from the start and not from the previous message: a late timer does not
   * slow the schedule down. After a suspension the missed messages are not published.
   *
   * @param {Iterator<number, unknown>} dueTimes in milliseconds from now, ascending
   */
  function start(dueTimes) {
    const run = ++current;
    let startedAt = performance.now();
    let number = 0;
    const scheduleNext = () => {
      const { value, done } = dueTimes.next();
      if (done) return;
      const late = () => performance.now() - startedAt - Number(value);
      timer(Math.max(0, -late()), () => {
        if (run !== current) return;
        if (late() > SUSPENDED_MS) startedAt += late();
        publish(++number);
        scheduleNext();
      });
    };
    scheduleNext();
  }

  return { start, stop: () => void (current += 1) };
}

/** @typedef {ReturnType<typeof createPublisher>} Publisher */
