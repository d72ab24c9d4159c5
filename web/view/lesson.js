/**
 * The lesson: its question on a screen of its own, then in a strip above the panes while it
 * runs, then its verdict in the same place.
 *
 * @typedef {import('../model/presets.js').Preset} Preset
 * @typedef {import('../session/beats.js').Beat} Beat
 *
 * @typedef {object} LessonMoment
 * @property {Preset | null} preset
 * @property {Beat | null} beat
 * @property {number} progress of the run, 0 to 1
 * @property {string} verdict
 * @property {string} comparison with the run before, in words
 * @property {boolean} isPaused
 */
import { presets } from '../model/presets.js';
import { kindOf } from '../model/types.js';
import { h, setText } from './dom.js';
import { transportName } from './kinds.js';

/** @type {[Beat, string][]} */
const BEATS = [['ask', 'Ask'], ['run', 'Run'], ['explain', 'Explain']];

/** Letters of the choices. */
const LETTERS = 'ABC';

export function mountLesson() {
  const strip = mountStrip();
  const ask = mountAsk();
  return {
    element: h('section', { 'class': 'lesson', 'aria-label': 'Lesson' }, strip.element, ask.element),
    /** @param {LessonMoment} moment */
    draw(moment) {
      if (!moment.preset || !moment.beat) return;
      strip.draw(moment);
      ask.draw(moment.preset);
    },
  };
}

function mountStrip() {
  const name = h('b', { class: 'lesson-name' });
  const beats = BEATS.map(([beat, label]) => ({ beat, element: h('span', { 'data-beat': beat }, label) }));
  const question = h('p', { 'class': 'question', 'data-testid': 'lesson' });
  const verdict = h('p', { 'class': 'verdict', 'data-testid': 'verdict' });
  const comparison = h('p', { 'class': 'run-comparison', 'data-testid': 'run-comparison' });
  const bar = h('i');
  const next = mountNextHint();
  const steps = h('span', { 'class': 'beats', 'data-testid': 'beat' }, ...beats.map(({ element }) => element));
  return {
    element: h(
      'div',
      { class: 'lesson-strip' },
      h('div', { class: 'lesson-head' }, h('div', {}, name, next.element), steps),
      h('div', { class: 'lesson-text' }, question, verdict, comparison),
      h('div', { 'class': 'progress', 'aria-hidden': 'true' }, bar),
    ),
    /** @param {LessonMoment} moment */
    draw(moment) {
      const { preset, beat, progress } = moment;
      setText(name, `${preset?.key} · ${preset?.name}`);
      for (const { beat: id, element } of beats) {
        if (id === beat) element.setAttribute('aria-current', 'step');
        else element.removeAttribute('aria-current');
      }
      setText(question, preset?.question ?? '');
      setEmphasized(verdict, beat === 'explain' ? moment.verdict : '');
      setEmphasized(comparison, beat === 'explain' ? moment.comparison : '');
      next.draw(moment);
      bar.style.width = `${(100 * progress).toFixed(1)}%`;
    },
  };
}

/** What comes after the explanation. */
function mountNextHint() {
  const text = h('span');
  const decide = h('a', { href: '/?decide=1' }, 'Decide');
  const element = h('span', { 'class': 'next-hint', 'data-testid': 'next-hint' }, text, decide);
  return {
    element,
    /** @param {LessonMoment} moment */
    draw({ preset, beat, isPaused }) {
      const isLast = preset === presets.at(-1);
      element.hidden = beat !== 'explain';
      decide.hidden = !isLast || isPaused;
      if (isPaused) setText(text, 'PageDown: back to live');
      else setText(text, isLast ? 'The last lesson. Next:' : 'PageDown: next lesson');
    },
  };
}

function mountAsk() {
  const heading = h('p', { class: 'ask-name' });
  const question = h('p', { class: 'ask-question' });
  const setup = h('p', { class: 'ask-setup' });
  const choices = h('ol', { class: 'choices' });
  /** @type {Preset | null} */
  let drawn = null;
  return {
    element: h(
      'div',
      { 'class': 'ask', 'data-testid': 'ask' },
      heading,
      question,
      setup,
      choices,
      h('p', { class: 'ask-hint' }, h('kbd', {}, 'PageDown'), ' or ', h('kbd', {}, 'Enter'), ' runs it'),
    ),
    /** @param {Preset} preset */
    draw(preset) {
      if (preset === drawn) return;
      drawn = preset;
      setText(heading, `${preset.key} · ${preset.name}`);
      setText(question, preset.question);
      setText(setup, preset.setup);
      choices.replaceChildren(...choiceElements(preset));
    },
  };
}

/** @param {Preset} preset */
function choiceElements({ choices, transports }) {
  if (choices) return choices.map((choice, index) => choiceElement(LETTERS[index] ?? '', choice, ''));
  return transports.map((transport, index) =>
    choiceElement(LETTERS[index] ?? '', transportName(transport), kindOf(transport)),
  );
}

/** @param {string} letter @param {string} text @param {string} kind */
function choiceElement(letter, text, kind) {
  return h('li', { 'data-kind': kind }, h('b', {}, letter), h('span', {}, text));
}

/** Text with emphasis between asterisks. @param {HTMLElement} element @param {string} text */
export function setEmphasized(element, text) {
  if (element.dataset.text === text) return;
  element.dataset.text = text;
  const parts = text.split('*');
  element.replaceChildren(...parts.map((part, index) => (index % 2 ? h('b', {}, part) : part)));
}
