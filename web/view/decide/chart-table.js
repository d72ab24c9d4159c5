/**
 * The chart in words and numbers: its crossings, and its curves as a table.
 *
 * @typedef {import('../../model/crossings.js').Crossing} Crossing
 * @typedef {import('../../model/decide-inputs.js').Inputs} Inputs
 * @typedef {import('../../model/sweep.js').Sweep} Sweep
 */
import { KINDS, costPerClient } from '../../model/decide-costs.js';
import { RANGES } from '../../model/decide-inputs.js';
import { approximate, bytes, messagesPerSecond, significant } from '../../model/format.js';
import { h } from '../dom.js';
import { KIND_LABELS } from '../kinds.js';
import { LETTERS } from './chart-marks.js';

/** @param {Crossing[]} crossings @param {number | null} requestRate */
export function crossingItems(crossings, requestRate) {
  const items = crossings.map(({ kinds: [a, b], rate, bytes: value }, index) =>
    h(
      'li',
      { 'data-testid': `decide-crossing-${a}-${b}` },
      h('b', {}, `${LETTERS[index]} `),
      `${KIND_LABELS[a].name} and ${KIND_LABELS[b].name}: as many bytes at ${messagesPerSecond(approximate(rate))} (${bytes(value)} a second).`,
    ),
  );
  const none = h('li', {}, 'No two techniques cost the same bytes between 0.001 and 100 messages a second.');
  const requests =
    requestRate === null
      ? 'Long polling does not begin to send more requests than polling within this range.'
      : `Long polling sends as many requests as polling at ${messagesPerSecond(approximate(requestRate))}, near λ = 1/T, and more above.`;
  return [...(items.length > 0 ? items : [none]), h('li', { 'data-testid': 'decide-request-crossing' }, requests)];
}

/** @param {Inputs} inputs @param {Sweep | null} sweep */
export function tableRows(inputs, sweep) {
  const names = KINDS.map((kind) => h('th', { 'scope': 'col', 'data-kind': kind }, KIND_LABELS[kind].name));
  const rates = RANGES.rate.stops.filter((rate) => /^0*[13]0*$/.test(String(rate).replace('.', '')));
  const rows = rates.map((rate) => {
    const cells = KINDS.map((kind) => {
      const { value, source } = costPerClient(kind, { ...inputs, rate }, sweep).bytes;
      const mark = source === sweep?.name ? ' (file)' : '';
      return h('td', {}, `${bytes(value)}${mark}`);
    });
    return h('tr', {}, h('th', { scope: 'row' }, significant(rate)), ...cells);
  });
  return [
    h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'Messages a second'), ...names)),
    h('tbody', {}, ...rows),
  ];
}
