/**
 * The server's clock, estimated from here: of a few samples the one with the shortest round
 * trip counts; its error is half that round trip at most (Cristian's algorithm, 1989).
 *
 * @typedef {{ sent: number, received: number, at: number }} Sample
 *   Sent and received by this page's clock, `at` by the server's; all in milliseconds.
 * @typedef {{ offset: number, error: number }} Estimate
 *   Server's clock minus page's, and the largest possible error.
 */

/** Samples for one estimate, and the time between two: clocks drift apart. */
const SAMPLES = 8;
const INTERVAL_MS = 60_000;

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

/** @param {() => Promise<{ at: number }>} fetchTime from the server */
export function createClock(fetchTime) {
  /** @type {Estimate | null} */
  let estimate = null;
  let signal = AbortSignal.abort();
  let isSampling = false;
  /** @type {Sample[]} */
  let samples = [];

  async function synchronize() {
    if (isSampling) return;
    isSampling = true;
    samples = [];
    for (let count = 0; count < SAMPLES && !signal.aborted; count++) {
      samples.push(...(await takeSample(fetchTime)));
    }
    estimate = estimateOffset(samples) ?? estimate;
    isSampling = false;
  }

  return {
    /** Synchronizes now, and then regularly. @param {AbortSignal} session */
    async start(session) {
      signal = session;
      await synchronize();
      if (session.aborted) return;
      const timer = setInterval(synchronize, INTERVAL_MS);
      session.addEventListener('abort', () => clearInterval(timer), { once: true });
    },
    /** One of the two clocks has jumped: earlier samples are worthless. */
    invalidate() {
      estimate = null;
      samples = [];
      synchronize();
    },
    /** The best estimate; null before the first sample. */
    get estimate() {
      return estimate;
    },
  };
}

/** No sample if the request fails.
 * @param {() => Promise<{ at: number }>} fetchTime @returns {Promise<Sample[]>} */
async function takeSample(fetchTime) {
  const sent = performance.timeOrigin + performance.now();
  const time = await fetchTime().catch(() => null);
  const received = performance.timeOrigin + performance.now();
  return time ? [{ sent, received, at: time.at }] : [];
}

/** @typedef {ReturnType<typeof createClock>} Clock */
