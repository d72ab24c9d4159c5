/**
 * The distribution of latency: the share of messages that have arrived after a time. Steps are
 * measured, dashes are the model; the time axis is logarithmic, from 1 ms to 10 s, and grows by
 * decades if a message took longer.
 *
 * @typedef {import('../model/types.js').TransportKind} TransportKind
 * @typedef {{ kind: TransportKind, name: string, values: number[],
 *             model: ((ms: number) => number) | null, isFinished: boolean }} Curve
 * @typedef {ReturnType<typeof createScale>} Scale
 */
import { durationText } from '../model/format.js';
import { distribution, quantile } from '../model/quantiles.js';
import { h } from './dom.js';
import { fontSizeOf, s, widthOf } from './svg.js';

/** Columns of the table. */
const SHARES = [0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1];

/** Margins in font sizes. */
const MARGIN = { left: 3.5, top: 0.8, bottom: 1.8, right: 1 };

/** Decades of the axis, from 1 ms to 10 s, if no message took longer. */
const MIN_DECADES = 4;

export function mountDistribution() {
  const scale = createScale();
  const axes = s('g', { class: 'axes' });
  const curves = s('g');
  const drawing = s(
    'svg',
    { 'role': 'img', 'aria-label': 'Share of messages that have arrived after a time', 'data-testid': 'ecdf' },
    axes,
    curves,
  );
  const table = h('table', { 'class': 'quantiles', 'aria-label': 'Latency by share of messages' });
  const caption = h('span', {}, 'Share of messages that were there after this time. Thin dashes: predicted');

  new ResizeObserver(([entry]) => {
    if (!entry) return;
    const sample = s('text');
    axes.replaceChildren(sample);
    const { width, height } = entry.contentRect;
    Object.assign(scale, { width, height, fontSize: fontSizeOf(sample) });
    axes.replaceChildren(...shareAxis(scale), ...timeAxis(scale));
  }).observe(drawing);

  return {
    element: h(
      'section',
      { class: 'distribution' },
      h('h2', {}, 'How late does a message arrive? ', caption),
      drawing,
      table,
    ),
    /** @param {Curve[]} all */
    draw(all) {
      table.replaceChildren(...quantileRows(all)); // hidden or not: it can be shown in a pause
      if (scale.width === 0) return;
      if (scale.fit(all)) axes.replaceChildren(...shareAxis(scale), ...timeAxis(scale));
      curves.replaceChildren(...curvesOf(all, scale));
    },
  };
}

/** Decades that hold all measured values. @param {Curve[]} curves */
export function decadesOf(curves) {
  const longest = curves
    .flatMap(({ values }) => values)
    .reduce((longest, ms) => Math.max(longest, ms), 1);
  return Math.max(MIN_DECADES, Math.ceil(Math.log10(longest)));
}

function createScale() {
  return {
    width: 0,
    height: 0,
    fontSize: 13,
    decades: MIN_DECADES,
    /** Changes the time axis to hold all values. Returns whether it had to.
     * @param {Curve[]} curves */
    fit(curves) {
      const before = this.decades;
      this.decades = decadesOf(curves);
      return this.decades !== before;
    },
    get left() {
      return MARGIN.left * this.fontSize;
    },
    get right() {
      return this.width - MARGIN.right * this.fontSize;
    },
    /** @param {number} ms */
    x(ms) {
      const decade = Math.min(this.decades, Math.log10(Math.max(1, ms)));
      return this.left + (decade / this.decades) * (this.right - this.left);
    },
    /** @param {number} share */
    y(share) {
      const height = this.height - (MARGIN.bottom + MARGIN.top) * this.fontSize;
      return this.height - MARGIN.bottom * this.fontSize - share * height;
    },
  };
}

/** @param {Scale} scale */
function shareAxis(scale) {
  const { left, right, fontSize } = scale;
  return [0, 0.5, 1].flatMap((share) => {
    const y = scale.y(share);
    const place = { 'x': left - 6, 'y': y + fontSize / 3, 'text-anchor': 'end' };
    return [s('line', { x1: left, x2: right, y1: y, y2: y }), s('text', place, `${share * 100} %`)];
  });
}

/** @param {Scale} scale */
function timeAxis(scale) {
  return Array.from({ length: scale.decades + 1 }, (_, decade) => {
    const ms = 10 ** decade;
    const x = scale.x(ms);
    const anchor = decade === scale.decades ? 'end' : 'middle';
    const place = { x, 'y': scale.height - scale.fontSize / 2, 'text-anchor': anchor };
    return [
      s('line', { x1: x, x2: x, y1: scale.y(1), y2: scale.y(0) }),
      s('text', place, ms < 1000 ? `${ms} ms` : `${ms / 1000} s`),
    ];
  }).flat();
}

/** Finished segments first, so that the current ones are drawn over them.
 * @param {Curve[]} all @param {Scale} scale */
function curvesOf(all, scale) {
  const finished = all.filter(({ isFinished }) => isFinished);
  const current = all.filter(({ isFinished }) => !isFinished);
  const isSecond = (/** @type {Curve} */ { kind }, /** @type {number} */ index) =>
    current.findIndex((curve) => curve.kind === kind) < index;
  return [
    ...finished.flatMap((curve) => ghostElements(curve, scale)),
    ...current.flatMap((curve, index) => curveElements(curve, index, scale, isSecond(curve, index))),
  ];
}

/** The curve of a finished segment, without a label: its row has the name.
 * @param {Curve} curve @param {Scale} scale */
function ghostElements({ kind, values }, scale) {
  if (values.length === 0) return [];
  return [s('path', { 'class': 'measured ghost', 'data-kind': kind, 'd': measuredPath(values, scale) })];
}

/** @param {Curve} curve @param {number} index @param {Scale} scale
 *  @param {boolean} isSecond of its kind, drawn in another shade and dashed */
function curveElements({ kind, name, values, model }, index, scale, isSecond) {
  const attributes = { 'data-kind': kind };
  const elements = [];
  if (model) elements.push(s('path', { class: 'model', ...attributes, d: modelPath(model, scale) }));
  if (values.length === 0) return elements;
  const sorted = values.toSorted((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 1;
  const x = Math.min(scale.right - widthOf(name, scale.fontSize), scale.x(median) + 8);
  const path = s('path', { class: 'measured', ...attributes, d: measuredPath(values, scale) });
  path.classList.toggle('second', isSecond);
  elements.push(
    path,
    s('text', { ...attributes, x, y: scale.y(0.72 - index * 0.25) }, name),
  );
  return elements;
}

/** @param {number[]} values @param {Scale} scale */
function measuredPath(values, scale) {
  let path = `M${scale.x(1)} ${scale.y(0)}`;
  for (const { ms, share } of distribution(values)) {
    path += `H${scale.x(ms).toFixed(1)}V${scale.y(share).toFixed(1)}`;
  }
  return `${path}H${scale.right}`;
}

/** @param {(ms: number) => number} model @param {Scale} scale */
function modelPath(model, scale) {
  let path = '';
  for (let exponent = 0; exponent <= scale.decades; exponent += 0.01) {
    const ms = 10 ** exponent;
    path += `${path ? 'L' : 'M'}${scale.x(ms).toFixed(1)} ${scale.y(model(ms)).toFixed(1)}`;
  }
  return path;
}

/** The drawing as a table. @param {Curve[]} curves */
function quantileRows(curves) {
  const head = SHARES.map((share) => h('th', { scope: 'col' }, `${share * 100} %`));
  const rows = curves.map(({ name, kind, values }) => {
    const sorted = values.toSorted((a, b) => a - b);
    const cells = SHARES.map((share) => h('td', {}, durationText(quantile(sorted, share))));
    return h('tr', { 'data-kind': kind }, h('th', { scope: 'row' }, name), ...cells);
  });
  return [h('thead', {}, h('tr', {}, h('td'), ...head)), h('tbody', {}, ...rows)];
}
