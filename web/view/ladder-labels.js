/**
 * Labels of a ladder. None overlaps another: a label without room is left out, or only its sign
 * is shown.
 *
 * @typedef {import('./ladder-geometry.js').Geometry} Geometry
 */
import { s, widthOf } from './svg.js';

/** Between two labels, in font sizes. */
const GAP = 0.5;

/** Rows between the rails: more would cover the lines that the labels explain. */
const MAX_ROWS = 2;
/** In font sizes. */
const ROW_HEIGHT = 1.5;
/** From the upper rail to the first row, in font sizes. */
const ROW_TOP = 0.8;

/** @param {Geometry} geometry */
export function createLabels(geometry) {
  let lastEnd = -Infinity;
  /** @type {number[]} */
  let rowEnds = [];

  function clear() {
    lastEnd = -Infinity;
    rowEnds = [];
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
    /** A label with a background, left of a mark, in the first row that has room: all of it, or
     * only its sign. @param {number} at @param {string} sign @param {string} text */
    withBackground(at, sign, text) {
      for (const label of [`${sign} ${text}`, sign]) {
        const width = widthOf(label, geometry.fontSize) + geometry.fontSize;
        const right = Math.max(geometry.left + width, geometry.x(at));
        const row = freeRow(rowEnds, rowsOf(geometry), right - width);
        if (row === -1) continue;
        rowEnds[row] = right;
        return labelElements(label, right - width, width, row, geometry);
      }
      return [];
    },
  };
}

/** How many rows there are. The whole run has one: its labels are many.
 * @param {Geometry} geometry */
function rowsOf({ fontSize, top, bottom, hasAxis }) {
  const fitting = Math.floor(((bottom - top) / fontSize - ROW_TOP) / ROW_HEIGHT);
  return hasAxis ? 1 : Math.max(1, Math.min(MAX_ROWS, fitting));
}

/** The first row whose last label ends before `left`; -1 if there is none.
 * @param {number[]} rowEnds @param {number} rows @param {number} left */
export function freeRow(rowEnds, rows, left) {
  for (let row = 0; row < rows; row++) if ((rowEnds[row] ?? -Infinity) < left) return row;
  return -1;
}

/** @param {string} text @param {number} x @param {number} width @param {number} row
 *  @param {Geometry} geometry */
function labelElements(text, x, width, row, { fontSize, top }) {
  const y = top + (ROW_TOP + row * ROW_HEIGHT) * fontSize;
  const box = { x, y, width, height: ROW_HEIGHT * fontSize, rx: fontSize / 3 };
  const middle = { 'x': x + width / 2, 'y': y + 1.1 * fontSize, 'text-anchor': 'middle' };
  return [s('rect', { class: 'label-background', ...box }), s('text', middle, text)];
}

/** @typedef {ReturnType<typeof createLabels>} Labels */
