/**
 * The controls of the publisher: its schedule and its rate.
 *
 * @typedef {import('../model/arrivals.js').ArrivalProcess} ArrivalProcess
 * @typedef {import('../session/lab.js').Lab} Lab
 */
import { h, setText } from './dom.js';
import { mountNumberInput } from './number-input.js';

const RATE = {
  label: 'Messages per second',
  testId: 'rate',
  id: 'rate',
  min: 0.1,
  max: 50,
  unit: 'per second',
};

/** @type {{ value: ArrivalProcess, label: string }[]} */
const SCHEDULES = [
  { value: 'off', label: 'off' },
  { value: 'steady', label: 'steady' },
  { value: 'poisson', label: 'Poisson' },
];

/** @param {Lab} lab @param {() => void} toggleNetwork */
export function mountPublisherControls(lab, toggleNetwork) {
  const error = h('p', { 'class': 'publish-error', 'data-testid': 'outcome' });
  const schedule = h(
    'select',
    { 'id': 'rhythm', 'data-testid': 'rhythm', 'onchange': applySchedule },
    ...SCHEDULES.map(({ value, label }) => h('option', { value }, label)),
  );
  const attributes = { 'data-testid': 'network', 'aria-controls': 'network-panel' };
  const network = h('button', { ...attributes, onclick: toggleNetwork }, 'Network');
  const rate = mountNumberInput(RATE, 1, applySchedule);

  function applySchedule() {
    lab.setSchedule(/** @type {ArrivalProcess} */ (schedule.value), rate.value);
  }

  return {
    element: h(
      'div',
      { class: 'publisher-controls' },
      h('label', { for: 'rhythm' }, 'Publisher'),
      schedule,
      h('label', { class: 'rate' }, rate.element, ' per second'),
      network,
      error,
    ),
    /** @param {string} text empty: no error */
    showError: (text) => setText(error, text),
    /** Messages per second. */
    get rate() {
      return rate.value;
    },
    draw() {
      const { settings } = lab;
      if (schedule.value !== settings.schedule) schedule.value = settings.schedule;
      network.setAttribute('aria-expanded', String(document.documentElement.dataset.network === 'on'));
    },
  };
}
