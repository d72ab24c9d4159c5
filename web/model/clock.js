/**
 * The server's clock, as seen from here: the answer of the fastest of a few questions, which
 * is off by half its round trip at most (Cristian's algorithm, 1989).
 *
 * @typedef {{ sent: number, received: number, at: number }} Sample
 *   Sent and received by this page's clock, `at` by the server's; all in milliseconds.
 * @typedef {{ offset: number, error: number }} Estimate
 *   Server's clock minus page's, and how far that may be off.
 */

/** Questions for the time, and how often they are asked again: two clocks drift apart. */
const QUESTIONS = 8;
const EVERY_MS = 60_000;

/** @param {Sample[]} samples @returns {Estimate | null} */
export function estimateOffset(samples) {
  /** @type {Estimate | null} */
  let best = null;
  for (const { sent, received, at } of samples) {
    const error = (received - sent) / 2;
    if (!best || error < best.error) best = { offset: at - (sent + received) / 2, error };
  }
  return best;
}

/** @param {() => Promise<{ at: number }>} ask what time it is at the server */
export function createClock(ask) {
  /** @type {Estimate | null} */
  let estimate = null;
  let signal = AbortSignal.abort();
  let reading = false;
  /** @type {Sample[]} */
  let samples = [];

  async function read() {
    if (reading) return;
    reading = true;
    samples = [];
    for (let asked = 0; asked < QUESTIONS && !signal.aborted; asked++) {
      const sent = performance.timeOrigin + performance.now();
      const answer = await ask().catch(() => null);
      const received = performance.timeOrigin + performance.now();
      if (answer) samples.push({ sent, received, at: answer.at });
    }
    estimate = estimateOffset(samples) ?? estimate;
    reading = false;
  }

  return {
    /** Reads the clock now, and again and again. @param {AbortSignal} life */
    async follow(life) {
      signal = life;
      await read();
      if (life.aborted) return;
      const timer = setInterval(read, EVERY_MS);
      life.addEventListener('abort', () => clearInterval(timer), { once: true });
    },
    /** One of the two clocks has jumped: what was known is worth nothing. */
    distrust() {
      estimate = null;
      samples = [];
      read();
    },
    /** The best that is known; null until the first answer. */
    get estimate() {
      return estimate;
    },
  };
}

/** @typedef {ReturnType<typeof createClock>} Clock */
