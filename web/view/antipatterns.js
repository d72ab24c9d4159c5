/**
 * The mistakes of the lecture, tried out: what was queued, what fired, how deep the stack was.
 */
import { count } from '../model/format.js';
import { sleep } from '../net/sleep.js';
import { h, setText } from './dom.js';

/** How long each runs before its worker is ended, in milliseconds. */
const EACH_MS = 1000;

const MISTAKES = [
  {
    id: 'flood',
    name: 'Never letting go',
    code: 'while (true) {\n  setTimeout(poll, 0);\n}',
    unit: 'timers queued in a second',
    /** @param {any} said */
    figure: ({ queued = 0 }) => count(queued),
    /** @param {any} said */
    finding: ({ fired = 0 }) =>
      `${count(fired)} of them fired. Timers fire between two turns of the event loop, and this turn never ends: a page would be frozen.`,
  },
  {
    id: 'recursion',
    name: 'Calling itself',
    code: 'function poll() {\n  ask();\n  poll();\n}',
    unit: 'calls deep, then it failed',
    /** @param {any} said */
    figure: ({ depth = 0 }) => count(depth),
    /** @param {any} said */
    finding: ({ error = '' }) => `${error}. Each call waits on the stack for the one that it made.`,
  },
  {
    id: 'chain',
    name: 'Chaining a timer',
    code: 'function poll() {\n  ask();\n  setTimeout(poll, 0);\n}',
    unit: 'calls deep, always',
    /** @param {any} said */
    figure: ({ depth = 0 }) => count(depth),
    /** @param {any} said */
    finding: ({ turns = 0, depth = 0 }) =>
      `The homework: after ${count(turns)} turns the stack is ${depth} deep: poll, and the function that counts. It does not overflow: poll has returned long before the timer fires, and the event loop calls it from an empty stack.`,
  },
];

export function mountMistakes() {
  const cards = MISTAKES.map(({ id, name, code, unit }) => {
    const figure = h('b', { 'data-testid': `mistake-${id}` }, '–');
    const finding = h('p', { 'data-testid': `finding-${id}` });
    const element = h(
      'article',
      { class: 'mistake' },
      h('h2', {}, name),
      h('pre', { class: 'code' }, ...code.split('\n').map((line) => h('code', {}, `${line}\n`))),
      h('div', { class: 'figures' }, figure, h('div', { class: 'about' }, unit)),
      finding,
    );
    return { element, figure, finding };
  });
  const element = h('section', { 'class': 'mistakes', 'aria-label': 'The mistakes' }, ...cards.map((own) => own.element));

  /** @param {number} index @param {AbortSignal} signal */
  async function tryOut(index, signal) {
    const mistake = MISTAKES[index];
    const card = cards[index];
    if (!mistake || !card) return;
    const worker = new Worker('/workers/antipatterns.js');
    let said = {};
    worker.onmessage = ({ data }) => {
      said = data;
      setText(card.figure, mistake.figure(said));
    };
    worker.postMessage(mistake.id);
    try {
      await sleep(EACH_MS, signal);
    } finally {
      worker.terminate();
    }
    await sleep(0, signal); // what it said last
    setText(card.figure, mistake.figure(said));
    setText(card.finding, mistake.finding(said));
  }

  return {
    element,
    /** All of them, one after the other. @param {AbortSignal} signal */
    async run(signal) {
      for (const { figure, finding } of cards) {
        setText(figure, '–');
        setText(finding, '');
      }
      for (const index of MISTAKES.keys()) await tryOut(index, signal);
    },
  };
}
