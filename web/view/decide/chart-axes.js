/** The chart's scale and axes: decades in both directions. */
import { RANGES } from '../../model/decide-inputs.js';
import { bytes } from '../../model/format.js';
import { s } from '../svg.js';

/** Margins in font sizes. */
const MARGIN = { left: 4, top: 2.2, bottom: 2.4, right: 1.4 };

/** Between the labels of two decades, in font sizes. */
const MIN_LABEL_DISTANCE = 4.5;

/** @typedef {ReturnType<typeof createScale>} Scale */

export function createScale() {
  return {
    width: 0,
    height: 0,
    fontSize: 13,
    /** Decades of the axis of bytes. */
    low: 0,
    high: 5,
    /** Sets the axis of bytes to hold all values. @param {number[]} values */
    fit(values) {
      const positive = values.filter((value) => value > 0);
      this.low = Math.floor(Math.log10(Math.min(...positive)));
      this.high = Math.ceil(Math.log10(Math.max(...positive)));
    },
    get left() {
      return MARGIN.left * this.fontSize;
    },
    get right() {
      return this.width - MARGIN.right * this.fontSize;
    },
    get top() {
      return MARGIN.top * this.fontSize;
    },
    get bottom() {
      return this.height - MARGIN.bottom * this.fontSize;
    },
    /** @param {number} rate */
    x(rate) {
      const { min, max } = RANGES.rate;
      return this.left + (Math.log(rate / min) / Math.log(max / min)) * (this.right - this.left);
    },
    /** @param {number} value */
    y(value) {
      const share = (Math.log10(Math.max(value, 10 ** this.low)) - this.low) / (this.high - this.low);
      return this.bottom - share * (this.bottom - this.top);
    },
  };
}

/** @param {Scale} scale */
export function axisElements(scale) {
  const { left, right, low, high, fontSize } = scale;
  const elements = [];
  for (let decade = low; decade <= high; decade++) {
    const y = scale.y(10 ** decade);
    const place = { 'x': left - 6, 'y': y + fontSize / 3, 'text-anchor': 'end' };
    elements.push(s('line', { class: 'grid', x1: left, x2: right, y1: y, y2: y }), s('text', place, bytesText(10 ** decade)));
  }
  return [...elements, ...rateAxis(scale)];
}

/** @param {Scale} scale */
function rateAxis(scale) {
  const { left, right, top, bottom, fontSize } = scale;
  const { min, max } = RANGES.rate;
  const first = Math.round(Math.log10(min));
  const decades = Math.round(Math.log10(max)) - first;
  const step = (right - left) / decades < MIN_LABEL_DISTANCE * fontSize ? 2 : 1;
  return Array.from({ length: decades + 1 }, (_, index) => {
    const rate = Number((10 ** (first + index)).toPrecision(1));
    const x = scale.x(rate);
    const isLast = rate === max;
    const place = { 'x': isLast ? right + fontSize : x, 'y': bottom + 1.3 * fontSize, 'text-anchor': isLast ? 'end' : 'middle' };
    const line = s('line', { class: 'grid', x1: x, x2: x, y1: top, y2: bottom });
    return (decades - index) % step === 0 ? [line, s('text', place, `${rate}/s`)] : [line];
  }).flat();
}

/** @param {number} value */
const bytesText = (value) => (value < 1 ? `${value}\u00a0B` : bytes(value).replace('.0', ''));
