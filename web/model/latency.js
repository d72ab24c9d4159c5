/**
 * Latency: first visible minus published. Messages of this page are measured by its own clock
 * at both ends; those of other clients by the server's clock, as far as that is known.
 *
 * @typedef {import('./clock.js').Clock} Clock
 * @typedef {import('./types.js').Latency} Latency
 * @typedef {import('./types.js').Message} Message
 */

/** Own messages whose publication time is kept; the panes have received older ones. */
const MAX_PUBLISH_TIMES = 20_000;

/** A clock that moves by more than this was set, and did not drift. */
const JUMP_MS = 1000;

/** If the 1 s clock check is 10 s late, the machine was suspended. */
const SUSPENDED_MS = 10_000;

/** @param {Pick<Clock, 'estimate' | 'invalidate'>} clock @param {() => boolean} isHidden */
export function createLatencyMeter(clock, isHidden) {
  const publishTimes = createPublishTimes();
  const detectLocalJump = createLocalJumpDetector();
  const detectServerJump = createServerJumpDetector();
  let visibleSince = 0;

  /** Messages published before now do not count, and the server's time is unknown. */
  function invalidateClock() {
    visibleSince = performance.now();
    clock.invalidate();
  }

  /** Notices a clock that was set, and a suspended machine. */
  function checkClock() {
    if (detectLocalJump()) invalidateClock();
  }

  return {
    checkClock,
    /** A message of this page is published now. */
    markPublished: publishTimes.add,
    isOwnMessage: publishTimes.has,
    /** The tab is visible again: messages published before now do not count. */
    resume() {
      visibleSince = performance.now();
    },
    /** @param {Message} message @param {number} arrivedAt by `performance.now()` */
    measure(message, arrivedAt) {
      checkClock();
      if (detectServerJump(message, arrivedAt, clock.estimate)) invalidateClock();
      const publishedAt = publishTimes.get(message.id);
      const latency =
        publishedAt === undefined
          ? remoteLatency(message, arrivedAt, clock.estimate)
          : { ms: arrivedAt - publishedAt, error: 0 };
      const wasVisible = !isHidden() && arrivedAt - latency.ms >= visibleSince;
      return { latency, isMeasured: latency.error < Infinity && wasVisible };
    },
  };
}

/** When this page published which message, by `performance.now()`. */
function createPublishTimes() {
  /** @type {Map<string, number>} */
  const publishedAt = new Map();
  return {
    /** @param {string} id */
    add(id) {
      publishedAt.set(id, performance.now());
      if (publishedAt.size <= MAX_PUBLISH_TIMES) return;
      const oldest = publishedAt.keys().next().value;
      if (oldest !== undefined) publishedAt.delete(oldest);
    },
    has: (/** @type {string} */ id) => publishedAt.has(id),
    get: (/** @type {string} */ id) => publishedAt.get(id),
  };
}

/**
 * Returns a function that is called regularly, and returns true if the machine was suspended
 * or its wall clock was set since the last call. During a suspension `performance.now()` may
 * stand still or run on, depending on the system.
 */
function createLocalJumpDetector() {
  let checkedAt = performance.now();
  let wallClockOffset = Date.now() - checkedAt;
  return () => {
    const now = performance.now();
    const moved = Math.abs(Date.now() - now - wallClockOffset);
    const wasSuspended = now - checkedAt > SUSPENDED_MS;
    checkedAt = now;
    wallClockOffset = Date.now() - now;
    return wasSuspended || moved > JUMP_MS;
  };
}

/**
 * Returns a function that detects from a message that the server's clock was set: back, if a
 * newer message has an older time; forward, if a message arrives before it was published.
 */
function createServerJumpDetector() {
  /** @type {Message | null} */
  let newest = null;
  /** @param {Message} message @param {number} arrivedAt @param {Clock['estimate']} estimate */
  return (message, arrivedAt, estimate) => {
    const isNewer = !newest || message.version > newest.version;
    const wasSetBack = newest !== null && isNewer && message.at < newest.at - JUMP_MS;
    if (isNewer) newest = message;
    const { offset = Infinity, error = 0 } = estimate ?? {};
    const lead = message.at - (performance.timeOrigin + arrivedAt + offset);
    return wasSetBack || lead > error + JUMP_MS;
  };
}

/** @param {Message} message @param {number} arrivedAt @param {Clock['estimate']} estimate
 *  @returns {Latency} */
function remoteLatency({ at }, arrivedAt, estimate) {
  if (!estimate) return { ms: 0, error: Infinity };
  const { offset, error } = estimate;
  return { ms: Math.max(0, performance.timeOrigin + arrivedAt + offset - at), error };
}

/** @typedef {ReturnType<typeof createLatencyMeter>} LatencyMeter */
