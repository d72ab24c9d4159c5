/**
 * The meters: bytes and requests of each pane, as the server counts them. Every snapshot
 * carries the meter's generation; snapshots of another generation are discarded.
 *
 * @typedef {{ requests: number, responses: number, empty: number, in_flight: number,
 *             upload_bytes: number, download_bytes: number }} MeterSnapshot
 *   Bytes include headers and frames.
 *
 * @typedef {{ up: number | null, down: number | null }} ByteCounts null: unknown
 *
 * @typedef {Record<string, MeterSnapshot> | null} MeterCounts of one measurement; null: unknown
 */

/** The name of the meter of a pane's segment: each has its own, so its counts are exact, although
 * requests of the segment before it may still end.
 * @param {string} pane @param {number} segment its number, from 1 */
export function meterOf(pane, segment) {
  return segment > 1 ? `${pane}-${segment}` : pane;
}

/**
 * @param {() => Promise<{ generation: number | null }>} reset sets the server's meters to 0 and
 *   resolves with their new generation, or with null after a time-out
 * @param {() => void} onChange
 */
export function createMeters(reset, onChange) {
  /** @type {Record<string, MeterSnapshot>} */
  let snapshots = {};
  /** The generation of this measurement; null: unknown. @type {number | null} */
  let generation = null;
  /** Settles when that is settled. @type {Promise<void>} */
  let ready = Promise.resolve();
  /** Of an earlier measurement that is shown again. @type {MeterCounts | undefined} */
  let restored;
  const shown = () => restored ?? (restored === null || generation === null ? null : snapshots);

  return {
    /** Starts a measurement: until the server has reset its meters, counts are unknown. */
    reset() {
      generation = null;
      restored = undefined;
      const settle = (/** @type {{ generation: number | null }} */ response) => {
        if (pending !== ready) return; // reset again since
        ({ generation } = response);
        snapshots = {};
        onChange();
      };
      const pending = (ready = reset().then(settle, () => {}));
    },
    get ready() {
      return ready;
    },
    /** @param {Record<string, MeterSnapshot>} panes @param {number} ofGeneration */
    update(panes, ofGeneration) {
      if (ofGeneration === generation) snapshots = { ...snapshots, ...panes }; // the server forgets old ones
      else generation = null; // the server was restarted, or another client has reset the meters
      onChange();
    },
    snapshot: shown,
    /** Until the next reset. @param {MeterCounts} earlier from `snapshot` */
    restore: (earlier) => void (restored = earlier),
    /** @param {string} pane @returns {ByteCounts} */
    bytesOf: (pane) => byteCounts(shown(), pane),
  };
}

/** @param {MeterCounts} counts @param {string} pane @returns {ByteCounts} */
function byteCounts(counts, pane) {
  if (counts === null) return { up: null, down: null };
  const { upload_bytes: up = 0, download_bytes: down = 0 } = counts[pane] ?? {};
  return { up, down };
}
