/**
 * The server's clock, as seen from here: the answer of the fastest of a few questions, which
 * is off by half its round trip at most (Cristian's algorithm, 1989).
 *
 * @typedef {{ sent: number, received: number, at: number }} Sample
 *   Sent and received by this page's clock, `at` by the server's; all in milliseconds.
 * @typedef {{ offset: number, error: number }} Estimate
 *   Server's clock minus page's, and how far that may be off.
 */

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
