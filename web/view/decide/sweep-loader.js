/**
 * Loads a report of `trifold load --sweep`: with a file field, or dropped anywhere on the page.
 *
 * @typedef {import('../../model/decide-inputs.js').Inputs} Inputs
 * @typedef {import('../../model/sweep.js').Sweep} Sweep
 */
import { KINDS, pollingPeriod } from '../../model/decide-costs.js';
import { longDurationText, significant } from '../../model/format.js';
import { parseSweep, sweepMismatch } from '../../model/sweep.js';
import { h, setText } from '../dom.js';
import { KIND_LABELS } from '../kinds.js';

/** Larger files are no reports: one of 1000 measurements has 400 kB. */
const MAX_BYTES = 10_000_000;

/** @param {HTMLElement} page @param {(sweep: Sweep | null) => void} onLoad */
export function mountSweepLoader(page, onLoad) {
  const error = h('p', { 'class': 'sweep-error', 'role': 'alert', 'data-testid': 'decide-sweep-error' });
  const state = h('ul', { 'class': 'sweep-state', 'data-testid': 'decide-sweep-state' });
  const load = async (/** @type {File | undefined} */ file) => {
    if (!file) return;
    try {
      onLoad(parseSweep(file.size > MAX_BYTES ? '' : await file.text(), file.name));
      setText(error, '');
    } catch (reason) {
      setText(error, reason instanceof Error ? reason.message : String(reason));
    }
    input.value = ''; // so that the same file can be chosen again
  };
  const input = h('input', {
    'id': 'decide-sweep',
    'type': 'file',
    'accept': '.json,application/json',
    'data-testid': 'decide-sweep-input',
    'onchange': () => load(input.files?.[0]),
  });
  const remove = h('button', { 'data-testid': 'decide-sweep-remove', 'onclick': () => onLoad(null) }, 'Remove it');
  acceptDrops(page, load);
  return {
    element: loaderElement(input, error, state, remove),
    /** @param {Inputs} inputs @param {Sweep | null} sweep */
    draw(inputs, sweep) {
      remove.hidden = sweep === null;
      state.replaceChildren(...(sweep ? stateTexts(inputs, sweep) : []).map((text) => h('li', {}, text)));
    },
  };
}

/** @param {HTMLElement[]} parts */
function loaderElement(...parts) {
  return h(
    'section',
    { 'class': 'sweep-loader', 'aria-label': 'Your own measurement' },
    h('h2', {}, 'Your own measurement'),
    h('label', { for: 'decide-sweep' }, 'Report of ', h('code', {}, 'trifold load --sweep … --json=FILE')),
    ...parts,
    h('p', { class: 'hint' }, 'Or drop the file on this page. It stays in your browser, and is not in the address.'),
  );
}

/** @param {HTMLElement} page @param {(file: File | undefined) => void} load */
function acceptDrops(page, load) {
  page.addEventListener('dragover', (event) => {
    event.preventDefault();
    page.classList.add('dropping');
  });
  page.addEventListener('dragleave', (event) => {
    if (event.relatedTarget === null) page.classList.remove('dropping');
  });
  page.addEventListener('drop', (event) => {
    event.preventDefault();
    page.classList.remove('dropping');
    load(event.dataTransfer?.files[0]);
  });
}

/** What of the report is used. @param {Inputs} inputs @param {Sweep} sweep */
function stateTexts(inputs, sweep) {
  const { name, points, warnings } = sweep;
  const total = Object.values(points).flat().length;
  const texts = KINDS.map((kind) => `${KIND_LABELS[kind].name}: ${mismatchText(kind, inputs, sweep)}`);
  const requestHeaders = 'The load generator’s requests are about 400 bytes shorter than a browser’s.';
  const warned = warnings > 0 ? [`The report has warnings: ${warnings}.`] : [];
  return [`${name}: ${total} measurements.`, ...texts, requestHeaders, ...warned];
}

/** @param {import('../../model/types.js').TransportKind} kind @param {Inputs} inputs @param {Sweep} sweep */
function mismatchText(kind, inputs, sweep) {
  const rates = sweep.points[kind].map(({ rate }) => significant(rate));
  switch (sweepMismatch(sweep, kind, inputs.rate, pollingPeriod(inputs))) {
    case null:
      return `bytes, CPU and memory are from the file, where it has them.`;
    case 'missing':
      return 'not in the file; built-in figures.';
    case 'rate':
      return `measured from ${rates[0]} to ${rates.at(-1)} messages a second; built-in figures outside of it.`;
    case 'interval':
      return `measured with an interval of ${longDurationText(sweep.interval ?? 0)}; built-in figures for another one.`;
  }
}
