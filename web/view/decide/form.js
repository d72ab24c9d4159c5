/**
 * The inputs: a slider and a number field each, and the proxies.
 *
 * @typedef {import('../../model/decide-inputs.js').Inputs} Inputs
 * @typedef {import('../../model/decide-inputs.js').NumberName} NumberName
 * @typedef {import('../../model/decide-inputs.js').Proxies} Proxies
 * @typedef {(change: Partial<Inputs>, problems: string[]) => void} Listener
 */
import { pollingPeriod } from '../../model/decide-costs.js';
import { PROXIES, RANGES, nextStop, parseNumber } from '../../model/decide-inputs.js';
import { longDurationText, significant } from '../../model/format.js';
import { h, setText } from '../dom.js';

/** @type {Record<NumberName, string>} */
const HINTS = {
  clients: 'all of them receive every message',
  rate: 'at random times, with bodies of 100 bytes',
  acceptable: '95 % of the messages must arrive within it',
  delay: 'half of a round trip',
  interval: 'from one poll of a client to its next',
  phones: 'their pages ping, and are often in the background',
};

/** @type {Record<Proxies, string>} */
const PROXY_LABELS = {
  none: 'none',
  pass: 'they pass everything on at once',
  interfere: 'they may buffer, or cut idle connections',
};

/** @param {Listener} onChange */
export function mountForm(onChange) {
  const names = /** @type {NumberName[]} */ (Object.keys(RANGES));
  const fields = names.map((name) => mountField(name, onChange));
  const auto = mountAuto(onChange);
  const proxies = mountProxies(onChange);
  const problems = h('p', { 'class': 'decide-problems', 'role': 'status', 'data-testid': 'decide-problems' });
  fields.find(({ name }) => name === 'interval')?.element.append(auto.element);
  return {
    element: h(
      'section',
      { 'class': 'decide-form', 'aria-label': 'Inputs' },
      h('h2', {}, 'Your application'),
      problems,
      ...fields.map(({ element }) => element),
      proxies.element,
    ),
    /** @param {Inputs} inputs @param {string[]} messages */
    draw(inputs, messages) {
      const period = pollingPeriod(inputs);
      for (const field of fields) field.draw(inputs[field.name] ?? rounded(period));
      auto.draw(inputs, period);
      proxies.draw(inputs.proxies);
      setText(problems, messages.join(' '));
    },
  };
}

/** As many digits as a number field needs. @param {number} ms */
const rounded = (ms) => Number(ms.toPrecision(4));

/** @param {NumberName} name @param {Listener} onChange */
function mountField(name, onChange) {
  const { label, unit, min, max, stops } = RANGES[name];
  const id = `decide-${name}`;
  const number = h('input', { id, 'type': 'number', min, max, 'step': 'any', 'data-testid': `decide-input-${name}` });
  const slider = h('input', {
    'type': 'range',
    'min': 0,
    'max': stops.length - 1,
    'aria-label': `${label}, slider`,
    'data-testid': `decide-slider-${name}`,
  });
  number.addEventListener('input', () => {
    const { value, problem } = parseNumber(name, number.value);
    if (!problem) onChange({ [name]: value }, []); // an unfinished number is checked when it is complete
  });
  number.addEventListener('change', () => {
    const { value, problem } = parseNumber(name, number.value);
    number.value = String(value);
    onChange({ [name]: value }, problem ? [problem] : []);
  });
  number.addEventListener('keydown', (event) => stepByArrow(event, name, number, onChange));
  slider.addEventListener('input', () => onChange({ [name]: stops[Number(slider.value)] ?? min }, []));
  const hint = h('p', { class: 'hint' });
  return {
    name,
    element: h('div', { class: 'field' }, h('label', { for: id }, label), number, h('span', { class: 'unit' }, unit), slider, hint),
    /** @param {number} value */
    draw(value) {
      if (document.activeElement !== number) number.value = String(value);
      slider.value = String(nearest(stops, value));
      slider.setAttribute('aria-valuetext', `${value} ${unit}`);
      setText(hint, hintText(name, value));
    },
  };
}

/** Up and down lead to the next stop of the slider: a step of 1 is little for some values, and
 * much for others. @param {KeyboardEvent} event @param {NumberName} name
 *  @param {HTMLInputElement} number @param {Listener} onChange */
function stepByArrow(event, name, number, onChange) {
  if (event.key !== 'ArrowUp' && event.key !== 'ArrowDown') return;
  event.preventDefault();
  const side = event.key === 'ArrowUp' ? 'above' : 'below';
  const value = nextStop(name, parseNumber(name, number.value).value, side);
  number.value = String(value);
  onChange({ [name]: value }, []);
}

/** Long times are not read in milliseconds. @param {NumberName} name @param {number} value */
function hintText(name, value) {
  const isLong = RANGES[name].unit === 'ms' && value >= 1000;
  return [...(isLong ? [longDurationText(value)] : []), ...(HINTS[name] ? [HINTS[name]] : [])].join(': ');
}

/** The index of the stop that is nearest, on a logarithmic scale. @param {number[]} stops
 *  @param {number} value */
function nearest(stops, value) {
  const distance = (/** @type {number} */ stop) => Math.abs(Math.log((stop + 0.1) / (value + 0.1)));
  return stops.reduce((best, stop, index) => (distance(stop) < distance(stops[best] ?? 0) ? index : best), 0);
}

/** The switch of a derived polling interval. @param {Listener} onChange */
function mountAuto(onChange) {
  let period = 0;
  const box = h('input', {
    'type': 'checkbox',
    'data-testid': 'decide-interval-auto',
    'onchange': () => onChange({ interval: box.checked ? null : Math.round(period) }, []),
  });
  const hint = h('span', { class: 'hint' });
  return {
    element: h('label', { class: 'auto' }, box, h('span', {}, 'as slow as the acceptable delay allows', hint)),
    /** @param {Inputs} inputs @param {number} current */
    draw(inputs, current) {
      period = current;
      box.checked = inputs.interval === null;
      setText(hint, periodText(inputs, current));
    },
  };
}

/** @param {Inputs} inputs @param {number} period */
function periodText({ interval, acceptable, delay }, period) {
  if (period === 2 * delay && delay > 0) {
    return `a poll waits for the previous response, so it is one per round trip of ${significant(period)} ms`;
  }
  if (interval !== null) return '';
  return `(${significant(acceptable)} − ${significant(delay)}) ms ÷ 0.95`;
}

/** @param {Listener} onChange */
function mountProxies(onChange) {
  const buttons = PROXIES.map((value) =>
    h('input', {
      'type': 'radio',
      'name': 'proxies',
      value,
      'data-testid': `decide-input-proxies-${value}`,
      'onchange': () => onChange({ proxies: value }, []),
    }),
  );
  const labels = buttons.map((button, index) =>
    h('label', {}, button, PROXY_LABELS[PROXIES[index] ?? 'none']),
  );
  return {
    element: h('fieldset', { 'class': 'field', 'data-testid': 'decide-input-proxies' }, h('legend', {}, 'Proxies in between'), ...labels),
    /** @param {Proxies} selected */
    draw(selected) {
      for (const button of buttons) button.checked = button.value === selected;
    },
  };
}
