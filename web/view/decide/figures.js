/**
 * The figures as a table: one column per technique, and the source of each number.
 *
 * @typedef {import('../../model/decide.js').Advice} Advice
 * @typedef {import('../../model/decide-costs.js').Figure} Figure
 * @typedef {import('../../model/decide-costs.js').Figures} Figures
 * @typedef {import('../../model/decide-inputs.js').Inputs} Inputs
 * @typedef {{ id: string, label: string, figure: (figures: Figures, inputs: Inputs) => Figure,
 *             text: (value: number) => string }} Row
 */
import { approximate, bytes, count, longDurationText, significant } from '../../model/format.js';
import { SOURCE } from '../../model/measured.js';
import { h } from '../dom.js';
import { KIND_LABELS } from '../kinds.js';

/** @type {Row[]} */
const ROWS = [
  { id: 'requests', label: 'Requests a second', figure: ({ requests }) => requests, text: significant },
  { id: 'bytes', label: 'Bytes a day', figure: ({ bytesPerDay }) => bytesPerDay, text: bytes },
  { id: 'client-bytes', label: '… of each client', figure: perClient, text: bytes },
  { id: 'connections', label: 'Open connections', figure: ({ connections }) => connections, text: (value) => count(Math.round(value)) },
  { id: 'memory', label: 'Server memory', figure: ({ memory }) => memory, text: bytes },
  { id: 'cpu', label: 'Server CPU, cores', figure: ({ cores }) => cores, text: approximate },
  { id: 'mean', label: 'Mean delay', figure: ({ mean }) => mean, text: longDurationText },
  { id: 'p95', label: '95 % arrive within', figure: ({ p95 }) => p95, text: longDurationText },
  { id: 'hidden-p95', label: '… with all phones in the background', figure: ({ hiddenP95 }) => hiddenP95, text: longDurationText },
];

/** @param {Figures} figures @param {Inputs} inputs @returns {Figure} */
function perClient({ bytesPerDay: { value, source } }, { clients }) {
  return { value: value / clients, source };
}

export function mountFigures() {
  const head = h('thead');
  const body = h('tbody');
  return {
    element: h(
      'section',
      { class: 'decide-figures' },
      h('h2', {}, 'What each of them costs'),
      h('table', { 'role': 'table', 'aria-label': 'Costs and delays', 'data-testid': 'decide-figures' }, head, body),
      h('p', { class: 'hint' }, 'Delays are those of the network and of waiting; the time that the server needs is added.'),
    ),
    /** @param {Inputs} inputs @param {Advice} advice */
    draw(inputs, { kind, figures, rejected }) {
      head.replaceChildren(headRow(figures, kind));
      body.replaceChildren(
        ...ROWS.map((row) => {
          const cells = figures.map((technique) => cell(row, technique, inputs, technique.kind === kind, rejected));
          return h('tr', { role: 'row' }, h('th', { role: 'rowheader', scope: 'row' }, row.label), ...cells);
        }),
      );
    },
  };
}

/** @param {Figures[]} figures @param {Advice['kind']} chosen */
function headRow(figures, chosen) {
  const names = figures.map(({ kind }) => {
    const { glyph, name } = KIND_LABELS[kind];
    const word = kind === chosen ? [h('small', {}, 'recommended')] : [];
    const attributes = { 'role': 'columnheader', 'scope': 'col', 'data-kind': kind, 'class': kind === chosen ? 'chosen' : '' };
    return h('th', attributes, `${glyph} ${name}`, ...word);
  });
  return h('tr', { role: 'row' }, h('td', { role: 'cell' }), ...names);
}

/** @param {Row} row @param {Figures} technique @param {Inputs} inputs @param {boolean} isChosen
 *  @param {Advice['rejected']} rejected */
function cell({ id, figure, text }, technique, inputs, isChosen, rejected) {
  const { value, source } = figure(technique, inputs);
  const isTooLate = id === 'p95' && rejected[technique.kind] === 'delay';
  const rest = id === 'p95' && isRestLater(technique) ? ['; the rest, published between two requests, wait longer'] : [];
  const note = isTooLate ? ['model; too late'] : [...sourceText(source), ...rest];
  return h(
    'td',
    {
      'role': 'cell',
      'data-kind': technique.kind,
      'class': isChosen ? 'chosen' : '',
      'data-testid': `decide-cell-${technique.kind}-${id}`,
    },
    h('b', {}, isTooLate ? `✕ ${text(value)}` : text(value)),
    ' ',
    h('small', source === SOURCE ? { title: `${SOURCE} (in the project’s documentation)` } : {}, ...note),
  );
}

/** Messages that a long poll misses are rarer than 1 in 20, but later: the mean may exceed the
 * 95th percentile. @param {Figures} figures */
const isRestLater = ({ mean, p95 }) => mean.value > p95.value;

/** A path may be broken after its slash. @param {string | null} source */
function sourceText(source) {
  if (source === null) return ['model'];
  const [first = '', ...rest] = `measured: ${source}`.split(/(?<=\/)/);
  return [first, ...rest.flatMap((part) => [h('wbr'), part])];
}
