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

/** A clock that is off by so much was set, and did not drift; in milliseconds. */
const JUMP_MS = 1000;

/** Who did not look at the clock for so long was asleep: the page looks each second. */
const ASLEEP_MS = 10_000;

/** @param {Clock} clock */
export function createStopwatch(clock) {
  /** When this page published what, by `performance.now()`. @type {Map<string, number>} */
  const moments = new Map();
  let visibleSince = 0;
  /** The newest message so far. @type {Message | null} */
  let newest = null;
  /** When the page last looked, by `performance.now()`, and how far ahead the wall clock was. */
  let looked = performance.now();
  let ahead = Date.now() - looked;

  /** After a sleep `performance.now()` may be late, or go on as if nothing had been. */
  function look() {
    const now = performance.now();
    const wasAhead = ahead;
    const asleep = now - looked > ASLEEP_MS;
    looked = now;
    ahead = Date.now() - now;
    if (asleep || Math.abs(ahead - wasAhead) > JUMP_MS) jumped();
  }

  /** What was published before does not count, and who knows what time it is at the server. */
  function jumped() {
    visibleSince = performance.now();
    clock.distrust();
  }

  /** The server's clock may jump as well: back, when a newer message is older; or forward, when
   * a message comes before it was published. @param {Message} message @param {number} arrived */
  function compare(message, arrived) {
    const setBack = newest && message.version > newest.version && message.at < newest.at - JUMP_MS;
    if (!newest || message.version > newest.version) newest = message;
    const { offset = Infinity, error = 0 } = clock.estimate ?? {};
    const lead = message.at - (performance.timeOrigin + arrived + offset);
    if (setBack || lead > error + JUMP_MS) jumped();
  }

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
    look,
    /** The tab is visible again: what was published before does not count. */
    resume() {
      visibleSince = performance.now();
    },
    /** @param {Message} message @param {number} arrived by `performance.now()` */
    measure(message, arrived) {
      look();
      compare(message, arrived);
      const latency = latencyOf(message, arrived);
      const isKnown = latency.error < Infinity;
      const wasVisible = !document.hidden && arrived - latency.ms >= visibleSince;
      return { latency, counts: isKnown && wasVisible };
    },
  };
}

/** @typedef {ReturnType<typeof createStopwatch>} Stopwatch */
