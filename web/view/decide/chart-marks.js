/**
 * What is drawn in the chart: curves, measured points, crossings, and the chosen rate.
 *
 * @typedef {import('../../model/crossings.js').Crossing} Crossing
 * @typedef {import('../../model/sweep.js').Point} Point
 * @typedef {import('../../model/types.js').TransportKind} TransportKind
 * @typedef {import('./chart-axes.js').Scale} Scale
 * @typedef {{ rate: number, value: number, source: string | null }} CurvePoint
 * @typedef {{ kind: TransportKind, points: CurvePoint[] }} Curve
 */
import { approximate, significant } from '../../model/format.js';
import { SOURCE } from '../../model/measured.js';
import { KIND_LABELS } from '../kinds.js';
import { s, widthOf } from '../svg.js';

/** The shapes of the techniques, around 0 0, one unit in size. @type {Record<TransportKind, string>} */
const SHAPES = {
  poll: 'M-1-1h2v2h-2Z',
  longpoll: 'M0-1.2 1.2 1h-2.4Z',
  ws: 'M-1.1 0a1.1 1.1 0 1 0 2.2 0a1.1 1.1 0 1 0-2.2 0Z',
};

/** Names of the crossings. */
export const LETTERS = 'ABCDEFGHIJ';

/** @param {Curve[]} curves @param {Scale} scale */
export function curveElements(curves, scale) {
  const paths = curves.map(({ kind, points }) =>
    s('path', { 'class': 'curve', 'data-kind': kind, 'd': curvePath(points, scale) }),
  );
  return [...paths, ...curves.flatMap((curve) => decadeShapes(curve, scale)), ...curveLabels(curves, scale)];
}

/** A line with a break where measured and built-in figures meet.
 * @param {CurvePoint[]} points @param {Scale} scale */
function curvePath(points, scale) {
  return points
    .map(({ rate, value, source }, index) => {
      const command = source === points[index - 1]?.source ? 'L' : 'M';
      return `${command}${scale.x(rate).toFixed(1)} ${scale.y(value).toFixed(1)}`;
    })
    .join('');
}

/** A shape per decade, on what is not measured by the loaded report.
 * @param {Curve} curve @param {Scale} scale */
function decadeShapes({ kind, points }, scale) {
  return points
    .filter(({ rate, source }) => Number.isInteger(Math.log10(rate)) && source === SOURCE)
    .map(({ rate, value }) => shape('shape', kind, scale.x(rate), scale.y(value), 4));
}

/** @param {string} name @param {TransportKind} kind @param {number} x @param {number} y @param {number} size */
function shape(name, kind, x, y, size) {
  return s('path', { 'class': name, 'data-kind': kind, 'd': SHAPES[kind], 'transform': `translate(${x.toFixed(1)} ${y.toFixed(1)}) scale(${size})` });
}

/** The names at the left end: above their curves, or below where another name is.
 * @param {Curve[]} curves @param {Scale} scale */
function curveLabels(curves, scale) {
  const { fontSize, left, top } = scale;
  let next = top + fontSize;
  return curves
    .map(({ kind, points }) => ({ kind, y: scale.y(points[0]?.value ?? 1) }))
    .sort((a, b) => a.y - b.y)
    .map(({ kind, y }) => {
      const above = y - 0.8 * fontSize;
      const line = above < next ? Math.max(next, y + 1.6 * fontSize) : above;
      next = line + 1.4 * fontSize;
      const { glyph, name } = KIND_LABELS[kind];
      const attributes = { 'class': 'curve-label', 'data-kind': kind, 'x': left + 0.8 * fontSize, 'y': line };
      return s('text', attributes, `${glyph} ${name}`);
    });
}

/** @param {(Point & { kind: TransportKind })[]} points @param {Scale} scale */
export function measuredMarks(points, scale) {
  return points.map(({ kind, rate, bytes }) => shape('measured-point', kind, scale.x(rate), scale.y(bytes), 6));
}

/** @param {Crossing[]} crossings @param {Curve[]} curves @param {Scale} scale */
export function crossingMarks(crossings, curves, scale) {
  const points = curves.flatMap((curve) => curve.points.map(({ rate, value }) => ({ x: scale.x(rate), y: scale.y(value) })));
  return crossings.flatMap(({ rate, bytes }, index) => {
    const [x, y] = [scale.x(rate), scale.y(bytes)];
    const text = `${LETTERS[index]} ${approximate(rate)}/s`;
    const place = freePlace(x, y, widthOf(text, scale.fontSize), points, scale);
    return [s('circle', { class: 'crossing', cx: x, cy: y, r: 7 }), s('text', { class: 'crossing-label', ...place }, text)];
  });
}

/** The corner around a crossing where a label covers the fewest points of the curves.
 * @param {number} x @param {number} y @param {number} width of the label
 * @param {{ x: number, y: number }[]} points @param {Scale} scale */
function freePlace(x, y, width, points, { left, right, top, bottom, fontSize }) {
  const corners = [x + 10, x - 10 - width].flatMap((start) => [y + 1.6 * fontSize, y - fontSize].map((line) => ({ x: start, y: line })));
  const cover = (/** @type {{ x: number, y: number }} */ place) => {
    const isInside = place.x > left && place.x + width < right && place.y - fontSize > top && place.y < bottom;
    const isCovered = (/** @type {{ x: number, y: number }} */ point) =>
      point.x > place.x - 4 && point.x < place.x + width + 4 && point.y > place.y - 1.2 * fontSize && point.y < place.y + 0.4 * fontSize;
    return points.filter(isCovered).length + (isInside ? 0 : 1000);
  };
  return corners.reduce((best, place) => (cover(place) < cover(best) ? place : best));
}

/** @param {number} rate @param {Scale} scale */
export function chosenRate(rate, scale) {
  const x = scale.x(rate);
  const text = `your rate: ${significant(rate)}/s`;
  const half = widthOf(text, scale.fontSize) / 2;
  const center = Math.min(scale.right - half, Math.max(scale.left + half, x));
  return [
    s('line', { 'class': 'chosen-rate', 'x1': x, 'x2': x, 'y1': scale.top, 'y2': scale.bottom, 'data-testid': 'decide-chart-rate' }),
    s('text', { 'class': 'chosen-rate-label', 'x': center, 'y': scale.top - 0.6 * scale.fontSize, 'text-anchor': 'middle' }, text),
  ];
}

/** Where long polling sends as many requests as polling: a mark on the axis of rates.
 * @param {number | null} rate @param {Scale} scale */
export function requestMark(rate, scale) {
  if (rate === null) return [];
  const x = scale.x(rate);
  const text = 'as many requests as polling';
  const width = widthOf(text, scale.fontSize);
  const fitsLeft = x - 6 - width > scale.left;
  const place = { 'x': fitsLeft ? x - 6 : x + 6, 'y': scale.bottom - 0.6 * scale.fontSize, 'text-anchor': fitsLeft ? 'end' : 'start' };
  return [
    s('line', { class: 'request-crossing', x1: x, x2: x, y1: scale.bottom - 1.6 * scale.fontSize, y2: scale.bottom }),
    ...(fitsLeft || x + 6 + width < scale.width ? [s('text', place, text)] : []), // it is in the list, too
  ];
}
