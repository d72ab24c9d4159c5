/** The geometry of a ladder: its rails and its time axis. */
import { DEFAULT_SPAN_MS } from '../model/presets.js';

/** Space above the upper rail, for labels, and below the lower one, in font sizes. */
const TOP = 2;
const BOTTOM = 1.1;
/** The latter with an axis. */
const BOTTOM_WITH_AXIS = 1.9;

/** Right of now, room for half a mark, in pixels. */
export const MARK_ROOM = 6;

export function createGeometry() {
  return {
    /** Of the part in which marks move. */
    width: 0,
    height: 0,
    /** Left of the moving part, for the names of the rails. */
    gutter: 0,
    fontSize: 13,
    /** Half the size of a mark. */
    mark: 5,
    /** The time that is shown, in milliseconds. */
    span: DEFAULT_SPAN_MS,
    hasAxis: false,
    /** The moment at x = 0 of the moving layer; marks do not move within it. */
    origin: 0,
    /** The browser's rail. */
    get top() {
      return TOP * this.fontSize;
    },
    /** The server's rail. */
    get bottom() {
      return this.height - (this.hasAxis ? BOTTOM_WITH_AXIS : BOTTOM) * this.fontSize;
    },
    /** The left edge of a fitted window; while time passes there is none. */
    get left() {
      return this.hasAxis ? this.x(this.origin) - this.width : -Infinity;
    },
    get right() {
      return this.hasAxis ? this.x(this.origin) + MARK_ROOM : Infinity;
    },
    /** @param {number} at */
    x(at) {
      return (at - this.origin) * (this.width / this.span);
    },
  };
}

/** @typedef {ReturnType<typeof createGeometry>} Geometry */
