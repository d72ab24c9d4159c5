/** The geometry of a ladder: its rails and its time axis. */

/** The time that a ladder shows. */
export const SPAN_MS = 10_000;

/** Space above the upper rail, for labels, and below the lower one, in font sizes. */
const TOP = 2;
const BOTTOM = 1.1;

export function createGeometry() {
  return {
    /** Of the part in which marks move. */
    width: 0,
    height: 0,
    fontSize: 13,
    /** The moment at x = 0 of the moving layer; marks do not move within it. */
    origin: 0,
    /** The browser's rail. */
    get top() {
      return TOP * this.fontSize;
    },
    /** The server's rail. */
    get bottom() {
      return this.height - BOTTOM * this.fontSize;
    },
    /** @param {number} at */
    x(at) {
      return (at - this.origin) * (this.width / SPAN_MS);
    },
  };
}

/** @typedef {ReturnType<typeof createGeometry>} Geometry */
