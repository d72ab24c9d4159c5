/**
 * Labels of a ladder. None overlaps another: above the upper rail a label without room is left
 * out, below it there are several rows.
 *
 * @typedef {import('./ladder-geometry.js').Geometry} Geometry
 */
import { s, widthOf } from './svg.js';

/** Between two labels, in font sizes. */
const GAP = 0.5;

const ROWS = 4;
/** In font sizes. */
const ROW_HEIGHT = 1.5;

/** @param {Geometry} geometry */
export function createLabels(geometry) {
  let lastEnd = -Infinity;
  /** @type {number[]} */
  let rowEnds = [];

  function clear() {
    lastEnd = -Infinity;
    rowEnds = new Array(ROWS).fill(-Infinity);
  }
  clear();

  return {
    clear,
    /** A label above the upper rail. @param {number} at @param {string} text */
    above(at, text) {
      const { fontSize, top } = geometry;
      const half = widthOf(text, fontSize) / 2;
      const x = Math.max(geometry.left + half, Math.min(geometry.right - half, geometry.x(at)));
      if (x - half < lastEnd + GAP * fontSize) return [];
      lastEnd = x + half;
      return [s('text', { x, 'y': top - fontSize * 0.8, 'text-anchor': 'middle' }, text)];
    },
    /** A label with a background, left of a mark, in the first row that has room.
     * @param {number} at @param {string} text */
    withBackground(at, text) {
      const { fontSize, top } = geometry;
      const width = widthOf(text, fontSize) + fontSize;
      const right = Math.max(geometry.left + width, geometry.x(at));
      const row = Math.max(0, rowEnds.findIndex((end) => end < right - width));
      rowEnds[row] = right;
      const y = top + (0.8 + row * ROW_HEIGHT) * fontSize;
      const box = { x: right - width, y, width, height: ROW_HEIGHT * fontSize, rx: fontSize / 3 };
      const middle = { 'x': right - width / 2, 'y': y + 1.1 * fontSize, 'text-anchor': 'middle' };
      return [s('rect', { class: 'label-background', ...box }), s('text', middle, text)];
    },
  };
}

/** @typedef {ReturnType<typeof createLabels>} Labels */
