/**
 * The loop that is running, from the very file that runs it, and the line that fired last.
 *
 * @typedef {import('../model/events.js').LabEvent} LabEvent
 * @typedef {import('../transports/index.js').TechniqueId} TechniqueId
 */
import { techniques } from '../transports/index.js';
import { h } from './dom.js';

/** How a line is known that an event belongs to; the first that is there. */
const FIRED = {
  request: [/\bask\(/, /\bopen\(/],
  answer: [/\byield\b/],
  frame: [/\byield\b/],
  taken: [/\bsleep\(/, /\byield\b/],
};

/** The files, once fetched. @type {Map<string, Promise<string>>} */
const files = new Map();

/** The file that a technique runs from. @param {TechniqueId} technique */
export function pathOf(technique) {
  return `/transports/${techniques[technique].family}.js`;
}

/** The lines of a technique's loop, without comments on types.
 * @param {TechniqueId} technique @param {string} source of its file */
export function loopOf(technique, source) {
  const start = source.indexOf(`export async function* ${techniques[technique].loop.name}(`);
  const end = source.indexOf('\n}\n', start);
  return source
    .slice(start, end + 2)
    .replace('export ', '')
    .split('\n')
    .filter((line) => !/^\s*\/\*\*.*\*\/$/.test(line));
}

/** @param {TechniqueId} technique @returns {Promise<string[]>} */
async function linesOf(technique) {
  const path = pathOf(technique);
  let file = files.get(path);
  if (!file) files.set(path, (file = fetch(path).then((response) => response.text())));
  return loopOf(technique, await file);
}

/** @param {string} id */
export function mountCode(id) {
  const element = h('pre', { 'class': 'code', 'tabindex': '0', 'aria-label': 'The loop that is running', 'data-testid': `${id}-code` });
  /** @type {TechniqueId | null} */
  let shown = null;
  /** @type {string[]} */
  let lines = [];

  return {
    element,
    /** @param {TechniqueId} technique @param {LabEvent | undefined} last */
    draw(technique, last) {
      if (technique !== shown) {
        shown = technique;
        linesOf(technique).then((read) => {
          if (shown !== technique) return;
          lines = read;
          element.replaceChildren(...read.map((line) => h('code', {}, `${line}\n`)));
        });
      }
      const signs = FIRED[/** @type {keyof typeof FIRED} */ (last?.type)] ?? [];
      const sign = signs.find((own) => lines.some((line) => own.test(line)));
      for (const [index, line] of [...element.children].entries()) {
        line.classList.toggle('fired', sign?.test(lines[index] ?? '') ?? false);
      }
    },
  };
}
