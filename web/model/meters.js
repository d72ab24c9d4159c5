/**
 * The meters: what each pane's traffic has cost, as the server counted it. The server says with
 * each reading which of its beginnings it counts from; only one that counts from the beginning
 * of this measurement is taken. Of any other nobody knows what is missing.
 *
 * @typedef {import('../net/control.js').Reading} Reading
 */

/**
 * @param {() => Promise<{ generation: number | null }>} reset has the server count anew, and resolves
 *   with the number of that beginning, or with null when it took too long
 * @param {() => void} onChange
 */
export function createMeters(reset, onChange) {
  /** @type {Record<string, Reading>} */
  let readings = {};
  /** The server's beginning that is this measurement's; null where none is. @type {number | null} */
  let beginning = null;
  /** When it is decided whether there is one. @type {Promise<void>} */
  let decided = Promise.resolve();

  return {
    /** Begins anew. Until the server has done so, nothing is known. */
    begin() {
      beginning = null;
      const own = reset().then(
        ({ generation }) => {
          if (own !== decided) return; // begun again since
          beginning = generation;
          readings = {};
          onChange();
        },
        () => {},
      );
      decided = own;
    },
    get decided() {
      return decided;
    },
    /** A reading came. @param {Record<string, Reading>} panes @param {number} resets */
    take(panes, resets) {
      if (resets === beginning) readings = panes;
      else beginning = null; // a server that was started anew, or told by someone else
      onChange();
    },
    /** @param {string} pane @returns {{ up: number | null, down: number | null }} null: unknown */
    bytesOf(pane) {
      if (beginning === null) return { up: null, down: null };
      const { upload_bytes: up = 0, download_bytes: down = 0 } = readings[pane] ?? {};
      return { up, down };
    },
  };
}
