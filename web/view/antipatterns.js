/**
 * The antipatterns of the lecture, run for a second each: timers queued and fired, and the
 * depth of the stack.
 */
import { count } from '../model/format.js';
import { sleep } from '../net/sleep.js';
import { h, setText } from './dom.js';

/** How long each runs before its worker is terminated. */
const RUN_MS = 1000;

/**
 * @typedef {object} Antipattern
 * @property {string} id      for tests
 * @property {string} command of workers/antipatterns.js
 * @property {string} name
 * @property {string} code
 * @property {string} unit
 * @property {(message: any) => string} figure
 * @property {(message: any) => string} finding
 */

/** @type {Antipattern[]} */
const ANTIPATTERNS = [
  {
    id: 'flood',
    command: 'busyLoop',
    name: 'while (true)',
    code: 'while (true) {\n  setTimeout(poll, 1000);\n}',
    unit: 'timers queued in a second',
    figure: ({ queued = 0 }) => count(queued),
    finding: ({ fired = 0 }) =>
      `${count(fired)} of them fired. Timers fire between two turns of the event loop, and this turn never ends: a page would be frozen.`,
  },
  {
    id: 'recursion',
    command: 'recursiveCalls',
    name: 'recursion',
    code: 'function poll() {\n  request();\n  poll();\n}',
    unit: 'calls, then the stack was full',
    figure: ({ depth = 0 }) => count(depth),
    finding: ({ error = '' }) => `${error}. Each call stays on the stack until the one it made returns.`,
  },
  {
    id: 'chain',
    command: 'chainedTimers',
    name: 'chained setTimeout',
    code: 'function poll() {\n  request();\n  setTimeout(poll, 0);\n}',
    unit: 'calls on the stack, always (0 ms, so that a second is enough)',
    figure: ({ depth = 0 }) => count(depth),
    finding: ({ turns = 0, depth = 0 }) =>
      `The homework: after ${count(turns)} turns the stack is ${depth} deep: poll, and the function that counts. It does not overflow: poll has returned long before the timer fires, and the event loop calls it from an empty stack.`,
  },
];

export function mountAntipatterns() {
  const cards = ANTIPATTERNS.map(mountCard);
  return {
    element: h(
      'section',
      { 'class': 'antipatterns', 'aria-label': 'Antipatterns' },
      ...cards.map(({ element }) => element),
    ),
    /** Runs all, one after the other. @param {AbortSignal} signal */
    async run(signal) {
      for (const card of cards) card.clear();
      for (const card of cards) await runOne(card, signal);
    },
  };
}

/** @param {Antipattern} antipattern */
function mountCard({ id, command, name, code, unit, figure, finding }) {
  const figureElement = h('b', { 'data-testid': `mistake-${id}` }, '–');
  const findingElement = h('p', { 'data-testid': `finding-${id}` });
  const lines = code.split('\n').map((line) => h('code', {}, `${line}\n`));
  return {
    command,
    element: h(
      'article',
      { class: 'antipattern' },
      h('h2', {}, name),
      h('pre', { class: 'code' }, ...lines),
      h('div', { class: 'figures' }, figureElement, h('div', { class: 'caption' }, unit)),
      findingElement,
    ),
    clear() {
      setText(figureElement, '–');
      setText(findingElement, '');
    },
    /** @param {any} message */
    showFigure: (message) => setText(figureElement, figure(message)),
    /** @param {any} message */
    showFinding: (message) => setText(findingElement, finding(message)),
  };
}

/** @param {ReturnType<typeof mountCard>} card @param {AbortSignal} signal */
async function runOne(card, signal) {
  const worker = new Worker('/workers/antipatterns.js');
  let last = {};
  worker.onmessage = ({ data }) => {
    last = data;
    card.showFigure(last);
  };
  worker.postMessage(card.command);
  try {
    await sleep(RUN_MS, signal);
  } finally {
    worker.terminate();
  }
  await sleep(0, signal); // for its last message
  card.showFigure(last);
  card.showFinding(last);
}
