/**
 * Loads a report of `trifold load --sweep`: with a file field, or dropped anywhere on the page.
 *
 * @typedef {import('../../model/decide-inputs.js').Inputs} Inputs
 * @typedef {import('../../model/sweep.js').Sweep} Sweep
 * @typedef {import('../../model/types.js').TransportKind} TransportKind
 */
import { KINDS, pollingPeriod } from '../../model/decide-costs.js';
import { count, longDurationText, messagesPerSecond, significant } from '../../model/format.js';
import { BYTES } from '../../model/measured.js';
import { parseSweep, sweepAt, sweepMismatch } from '../../model/sweep.js';
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
  const removeFile = () => {
    onLoad(null);
    input.focus(); // the button disappears
  };
  const remove = h('button', { 'data-testid': 'decide-sweep-remove', 'onclick': removeFile }, 'Remove it');
  acceptDrops(page, load);
  return {
    element: loaderElement(input, error, state, remove),
    /** @param {Inputs} inputs @param {Sweep | null} sweep @param {boolean} isFileInterval */
    draw(inputs, sweep, isFileInterval) {
      remove.hidden = sweep === null;
      state.replaceChildren(...(sweep ? stateTexts(inputs, sweep, isFileInterval) : []).map((text) => h('li', {}, text)));
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

/** What of the report is used. @param {Inputs} inputs @param {Sweep} sweep
 *  @param {boolean} isFileInterval @returns {string[]} */
export function stateTexts(inputs, sweep, isFileInterval) {
  const { name, points, interval, warnings } = sweep;
  const total = Object.values(points).flat().length;
  const set = `The polling interval is set to the file’s ${longDurationText(interval ?? 0)}.`;
  return [
    `${name}: ${count(total)} measurement${total === 1 ? '' : 's'}.`,
    ...KINDS.map((kind) => `${KIND_LABELS[kind].name}: ${rangeText(kind, sweep)}${unusedText(kind, inputs, sweep)}.`),
    'Built-in figures are used where the file has none: at other rates, and for polling with another interval.',
    ...(isFileInterval ? [set] : []),
    ...shortCpuTexts(inputs, sweep),
    `A browser’s header fields, ${BYTES.browserHeaders} bytes per request, are added.`,
    ...(warnings > 0 ? [`The report has warnings: ${warnings}.`] : []),
  ];
}

/** @param {TransportKind} kind @param {Sweep} sweep */
function rangeText(kind, { points, interval }) {
  const rates = points[kind].map(({ rate }) => significant(rate));
  const [first, last] = [rates[0], rates.at(-1)];
  if (first === undefined || last === undefined) return 'not in the file';
  const range = first === last ? `at ${messagesPerSecond(first)}` : `from ${first} to ${messagesPerSecond(last)}`;
  return `measured ${range}${kind === 'poll' ? `, every ${longDurationText(interval ?? 0)}` : ''}`;
}

/** Why the file is not used at these inputs. @param {TransportKind} kind @param {Inputs} inputs
 *  @param {Sweep} sweep */
function unusedText(kind, inputs, sweep) {
  const mismatch = sweepMismatch(sweep, kind, inputs.rate, pollingPeriod(inputs));
  if (mismatch === 'rate') return '; not used at the rate above';
  return mismatch === 'interval' ? '; not used with the interval above' : '';
}

/** Of which techniques the CPU time has too few ticks. @param {Inputs} inputs @param {Sweep} sweep */
function shortCpuTexts(inputs, sweep) {
  const short = KINDS.filter((kind) => sweepAt(sweep, kind, inputs.rate, pollingPeriod(inputs))?.isCpuShort);
  if (short.length === 0) return [];
  const names = short.map((kind) => KIND_LABELS[kind].name).join(', ');
  return [`${names}: CPU time too short to be measured; built-in figures for all. A longer --duration or more --clients measures it.`];
}
