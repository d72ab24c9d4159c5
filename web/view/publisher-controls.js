/**
 * The controls of the publisher: its schedule and its rate.
 *
 * @typedef {import('../model/arrivals.js').ArrivalProcess} ArrivalProcess
 * @typedef {import('../session/lab.js').Lab} Lab
 */
import { count } from '../model/format.js';
import { h, setText } from './dom.js';

const RATE = { min: 0.1, max: 50, step: 'any' };

/** @type {{ value: ArrivalProcess, label: string }[]} */
const SCHEDULES = [
  { value: 'off', label: 'off' },
  { value: 'steady', label: 'steady' },
  { value: 'poisson', label: 'Poisson' },
];

/** @param {Lab} lab */
export function mountPublisherControls(lab) {
  const queue = h('p', { 'class': 'queue', 'data-testid': 'queue' });
  const error = h('p', { 'class': 'publish-error', 'data-testid': 'outcome' });
  const schedule = h(
    'select',
    { 'id': 'rhythm', 'data-testid': 'rhythm', 'onchange': applySchedule },
    ...SCHEDULES.map(({ value, label }) => h('option', { value }, label)),
  );
  const rate = mountRateInput(applySchedule);

  function applySchedule() {
    if (!rate.checkValidity()) rate.value = '1';
    lab.setSchedule(/** @type {ArrivalProcess} */ (schedule.value), rate.valueAsNumber);
  }

  return {
    element: h(
      'div',
      { class: 'publisher-controls' },
      h('label', { for: 'rhythm' }, 'Publisher'),
      schedule,
      h('label', { class: 'rate' }, rate, ' per second'),
      queue,
      error,
    ),
    /** @param {string} text empty: no error */
    showError: (text) => setText(error, text),
    /** Messages per second. */
    get rate() {
      return rate.valueAsNumber || 1;
    },
    draw() {
      const { settings, messages } = lab;
      if (schedule.value !== settings.schedule) schedule.value = settings.schedule;
      setText(queue, messages.queued > 1 ? `${count(messages.queued)} queued` : '');
    },
  };
}

/** @param {() => void} onchange */
function mountRateInput(onchange) {
  return h('input', {
    'id': 'rate',
    'type': 'number',
    ...RATE,
    'value': 1,
    'aria-label': 'Messages per second',
    'data-testid': 'rate',
    onchange,
  });
}
