/**
 * The distribution: which share of the messages had arrived after how long. Steps are what
 * was measured, dashes what the model says; the axis is logarithmic, from 1 ms to 10 s.
 *
 * @typedef {import('../transports/index.js').Family} Family
 * @typedef {{ family: Family, name: string, values: number[],
 *             model: ((ms: number) => number) | null }} Curve
 */
import { durationText } from '../model/format.js';
import { distribution, quantile } from '../model/quantiles.js';
import { h } from './dom.js';
import { s, widthOf } from './svg.js';

/** The shares that the table names. */
const SHARES = [0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1];

/** Margins in heights of the letters, which a projector makes bigger. */
const LEFT = 3.5;
const TOP = 0.8;
const BELOW = 1.8;
const RIGHT = 1;

const DECADES = [1, 10, 100, 1000, 10_000];
const NAMES = ['1 ms', '10 ms', '100 ms', '1 s', '10 s'];

export function mountEcdf() {
  const axes = s('g', { class: 'axes' });
  const curves = s('g');
  const drawing = s(
    'svg',
    { 'role': 'img', 'aria-label': 'Share of messages that had arrived after a time', 'data-testid': 'ecdf' },
    axes,
    curves,
  );
  const quantiles = h('table', { 'class': 'quantiles', 'aria-label': 'Latency by share of messages' });
  const element = h(
    'section',
    { class: 'ecdf' },
    h('h2', {}, 'How late does a message arrive? ', h('span', {}, 'share that had arrived after …; dashed: the model')),
    drawing,
    quantiles,
  );
  let width = 0;
  let height = 0;
  let letter = 13;
  const left = () => LEFT * letter;
  const right = () => width - RIGHT * letter;
  /** @param {number} ms */
  const x = (ms) => left() + (Math.log10(Math.min(10_000, Math.max(1, ms))) / 4) * (right() - left());
  /** @param {number} share */
  const y = (share) => height - BELOW * letter - share * (height - (BELOW + TOP) * letter);

  new ResizeObserver(([entry]) => {
    if (!entry) return;
    width = entry.contentRect.width;
    height = entry.contentRect.height;
    const sample = s('text');
    axes.replaceChildren(sample);
    letter = parseFloat(getComputedStyle(sample).fontSize);
    const shares = [0, 0.5, 1].flatMap((share) => [
      s('line', { x1: left(), x2: right(), y1: y(share), y2: y(share) }),
      s('text', { 'x': left() - 6, 'y': y(share) + letter / 3, 'text-anchor': 'end' }, `${share * 100} %`),
    ]);
    const decades = DECADES.flatMap((ms, index) => [
      s('line', { x1: x(ms), x2: x(ms), y1: y(1), y2: y(0) }),
      s(
        'text',
        { 'x': x(ms), 'y': height - letter / 2, 'text-anchor': index === 4 ? 'end' : 'middle' },
        NAMES[index] ?? '',
      ),
    ]);
    axes.replaceChildren(...shares, ...decades);
  }).observe(drawing);

  /** @param {Curve} curve */
  function steps({ values }) {
    let path = `M${x(1)} ${y(0)}`;
    for (const { ms, share } of distribution(values)) {
      path += `H${x(ms).toFixed(1)}V${y(share).toFixed(1)}`;
    }
    return `${path}H${right()}`;
  }

  /** @param {(ms: number) => number} model */
  function line(model) {
    let path = '';
    for (let exponent = 0; exponent <= 4; exponent += 0.01) {
      const ms = 10 ** exponent;
      path += `${path ? 'L' : 'M'}${x(ms).toFixed(1)} ${y(model(ms)).toFixed(1)}`;
    }
    return path;
  }

  /** The drawing as a table. @param {Curve[]} all */
  function drawTable(all) {
    const cell = (/** @type {string} */ text) => h('td', {}, text);
    const head = SHARES.map((share) => h('th', { scope: 'col' }, `${share * 100} %`));
    const rows = all.map(({ name, family, values }) => {
      const sorted = values.toSorted((a, b) => a - b);
      const cells = SHARES.map((share) => cell(durationText(quantile(sorted, share))));
      return h('tr', { 'data-family': family }, h('th', { scope: 'row' }, name), ...cells);
    });
    quantiles.replaceChildren(h('thead', {}, h('tr', {}, h('td'), ...head)), h('tbody', {}, ...rows));
  }

  return {
    element,
    /** @param {Curve[]} all */
    draw(all) {
      drawTable(all); // hidden or not: who asks for it in a pause finds it
      if (width === 0) return;
      const parts = [];
      for (const [index, curve] of all.entries()) {
        if (curve.model) parts.push(s('path', { 'class': 'model', 'data-family': curve.family, 'd': line(curve.model) }));
        if (curve.values.length === 0) continue;
        parts.push(s('path', { 'class': 'measured', 'data-family': curve.family, 'd': steps(curve) }));
        const sorted = curve.values.toSorted((a, b) => a - b);
        const at = sorted[Math.floor(sorted.length / 2)] ?? 1;
        const beside = Math.min(right() - widthOf(curve.name, letter), x(at) + 8);
        parts.push(s('text', { 'data-family': curve.family, 'x': beside, 'y': y(0.72 - index * 0.25) }, curve.name));
      }
      curves.replaceChildren(...parts);
    },
  };
}
