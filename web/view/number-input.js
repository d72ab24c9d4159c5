/**
 * A number field that keeps to its limits, and says so: a value out of range becomes the limit,
 * one between two steps the nearest step, text that is no number the value before.
 */
import { h, setText } from './dom.js';

/** How long the note stays. */
const NOTE_MS = 4000;

/**
 * @typedef {object} NumberOptions
 * @property {string} label for screen readers
 * @property {string} testId
 * @property {number} min
 * @property {number} max
 * @property {number | 'any'} [step]
 * @property {string} [unit] for the note
 * @property {string} [id]
 */

/** @param {NumberOptions} options @param {number} value @param {(value: number) => void} onChange */
export function mountNumberInput({ label, testId, min, max, step = 'any', unit = '', id = testId }, value, onChange) {
  let current = value;
  const note = mountNote();
  const limits = { min, max, step };
  const names = { 'id': id, 'aria-label': label, 'data-testid': testId };
  const input = h('input', { type: 'number', ...limits, value, ...names, onchange: change });

  function change() {
    const { text, value: next } = clamp(input.valueAsNumber, current, { min, max, step, unit });
    note.show(text);
    set(next);
    onChange(next);
  }

  /** @param {number} next */
  function set(next) {
    current = next;
    input.value = String(next);
  }

  return {
    input,
    element: h('span', { class: 'number-input' }, input, note.element),
    /** What is entered, if it is within the limits. */
    get value() {
      const entered = input.valueAsNumber;
      const { value: valid, text } = clamp(entered, current, { min, max, step });
      return text === '' ? valid : current;
    },
    /** Not while it is edited. @param {number} next */
    show(next) {
      if (document.activeElement !== input && next !== current) set(next);
    },
  };
}

function mountNote() {
  const element = h('span', { class: 'number-note', role: 'status' });
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  return {
    element,
    /** @param {string} text */
    show(text) {
      clearTimeout(timer);
      setText(element, text);
      if (text) timer = setTimeout(() => setText(element, ''), NOTE_MS);
    },
  };
}

/** @param {number} entered @param {number} before
 *  @param {Pick<NumberOptions, 'min' | 'max' | 'step' | 'unit'>} limits */
export function clamp(entered, before, { min, max, step = 'any', unit = '' }) {
  if (Number.isNaN(entered)) return { value: before, text: 'a number, please' };
  const suffix = unit && `\u00a0${unit}`;
  if (entered > max) return { value: max, text: `${max}${suffix} at most` };
  if (entered < min) return { value: min, text: `${min}${suffix} at least` };
  const value = step === 'any' ? entered : Number((Math.round(entered / step) * step).toFixed(3));
  return { value, text: value === entered ? '' : `in steps of ${step}${suffix}` };
}
