/**
 * The stopwatch: how late a message is, first visible minus published. What this page
 * published is measured by its own clock, at both ends; what others published by the
 * server's, as far as that is known.
 *
 * @typedef {import('./clock.js').Clock} Clock
 * @typedef {import('./types.js').Latency} Latency
 * @typedef {import('./types.js').Message} Message
 */

/** Own messages whose moment is remembered; the panes are done with older ones. */
const MOMENTS_MAX = 20_000;

/** @param {Clock} clock */
export function createStopwatch(clock) {
  /** When this page published what, by `performance.now()`. @type {Map<string, number>} */
  const moments = new Map();
  let visibleSince = 0;

  /** @param {Message} message @param {number} arrived @returns {Latency} */
  function latencyOf({ id, at }, arrived) {
    const moment = moments.get(id);
    if (moment !== undefined) return { ms: arrived - moment, error: 0 };
    if (!clock.estimate) return { ms: 0, error: Infinity };
    const { offset, error } = clock.estimate;
    return { ms: Math.max(0, performance.timeOrigin + arrived + offset - at), error };
  }

  return {
    /** A message is published now. @param {string} id */
    start(id) {
      moments.set(id, performance.now());
      const oldest = moments.size > MOMENTS_MAX ? moments.keys().next().value : undefined;
      if (oldest !== undefined) moments.delete(oldest);
    },
    /** Whether this page published it. @param {string} id */
    knows: (id) => moments.has(id),
    /** The tab is visible again: what was published before does not count. */
    resume() {
      visibleSince = performance.now();
    },
    /** @param {Message} message @param {number} arrived by `performance.now()` */
    measure(message, arrived) {
      const latency = latencyOf(message, arrived);
      const isKnown = latency.error < Infinity;
      const wasVisible = !document.hidden && arrived - latency.ms >= visibleSince;
      return { latency, counts: isKnown && wasVisible };
    },
  };
}

/** @typedef {ReturnType<typeof createStopwatch>} Stopwatch */
