/**
 * The chart: bytes per second of one client against messages per second, both logarithmic, with
 * the crossings of the techniques, the chosen rate, and what a loaded report has measured.
 *
 * @typedef {import('../../model/decide-inputs.js').Inputs} Inputs
 * @typedef {import('../../model/sweep.js').Sweep} Sweep
 */
import { byteCrossings, byteCurve, requestCrossing } from '../../model/crossings.js';
import { KINDS } from '../../model/decide-costs.js';
import { RANGES } from '../../model/decide-inputs.js';
import { h } from '../dom.js';
import { fontSizeOf, s } from '../svg.js';
import { axisElements, createScale } from './chart-axes.js';
import { chosenRate, crossingMarks, curveElements, measuredMarks, requestMark } from './chart-marks.js';
import { crossingItems, tableRows } from './chart-table.js';

export function mountChart() {
  const scale = createScale();
  const drawing = s('svg', {
    'role': 'img',
    'aria-label': 'Bytes per second of one client, by messages per second',
    'data-testid': 'decide-chart',
  });
  const crossings = h('ul', { 'class': 'crossings', 'data-testid': 'decide-crossings' });
  const table = h('table', { 'aria-label': 'Bytes per second of one client', 'data-testid': 'decide-chart-table' });
  /** @type {{ inputs: Inputs, sweep: Sweep | null } | null} */
  let drawn = null;
  const redraw = () => {
    if (drawn && scale.width > 0) drawing.replaceChildren(...chartElements(drawn.inputs, drawn.sweep, scale));
  };
  new ResizeObserver(([entry]) => {
    if (!entry) return;
    const sample = s('text');
    drawing.replaceChildren(sample);
    const { width, height } = entry.contentRect;
    Object.assign(scale, { width, height, fontSize: fontSizeOf(sample) });
    redraw();
  }).observe(drawing);
  return {
    element: chartSection(drawing, crossings, table),
    /** @param {Inputs} inputs @param {Sweep | null} sweep */
    draw(inputs, sweep) {
      drawn = { inputs, sweep };
      redraw();
      crossings.replaceChildren(...crossingItems(byteCrossings(inputs, sweep), requestCrossing(inputs)));
      table.replaceChildren(...tableRows(inputs, sweep));
    },
  };
}

/** @param {Element} drawing @param {Element} crossings @param {Element} table */
function chartSection(drawing, crossings, table) {
  return h(
    'section',
    { class: 'decide-chart' },
    h('h2', {}, 'Where they cross ', h('span', {}, 'bytes a second of one client, by messages a second')),
    drawing,
    crossings,
    h('details', {}, h('summary', {}, 'The chart as a table'), table),
  );
}

/** @param {Inputs} inputs @param {Sweep | null} sweep @param {ReturnType<typeof createScale>} scale */
function chartElements(inputs, sweep, scale) {
  const curves = KINDS.map((kind) => ({ kind, points: byteCurve(kind, inputs, sweep) }));
  const measured = KINDS.flatMap((kind) => (sweep?.points[kind] ?? []).map((point) => ({ kind, ...point })));
  const inRange = measured.filter(({ rate }) => rate >= RANGES.rate.min && rate <= RANGES.rate.max);
  scale.fit([...curves.flatMap(({ points }) => points.map(({ value }) => value)), ...inRange.map(({ bytes }) => bytes)]);
  return [
    ...axisElements(scale),
    ...chosenRate(inputs.rate, scale),
    ...requestMark(requestCrossing(inputs), scale),
    ...curveElements(curves, scale),
    ...measuredMarks(inRange, scale),
    ...crossingMarks(byteCrossings(inputs, sweep), curves, scale),
  ];
}
