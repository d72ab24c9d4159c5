/**
 * The source code of the running transport, from the very file that runs, with the line that
 * ran last.
 *
 * @typedef {import('../model/events.js').TimedPaneEvent} TimedPaneEvent
 * @typedef {import('../model/types.js').TransportId} TransportId
 */
import { kindOf } from '../model/types.js';
import { transports } from '../transports/index.js';
import { h } from './dom.js';

/** The line that runs last for an event: the first pattern that matches any line.
 * @type {Partial<Record<TimedPaneEvent['type'], RegExp[]>>} */
const LINES_BY_EVENT = {
  request: [/\brequest\(/, /\bopenSocket\(/],
  response: [/\bsleep\(/, /\bdeliver\b/],
  frame: [/\bdeliver\b/],
};

/** The files, once fetched. @type {Map<string, Promise<string>>} */
const files = new Map();

/** The file of a transport. @param {TransportId} transport */
export function pathOf(transport) {
  return `/transports/${kindOf(transport)}.js`;
}

/** The lines of a transport's function. @param {TransportId} transport @param {string} source */
export function functionLines(transport, source) {
  const start = source.indexOf(`export async function ${transports[transport].run.name}(`);
  const end = source.indexOf('\n}\n', start);
  return source.slice(start, end + 2).replace('export ', '').split('\n');
}

/** The index of the line that ran last; -1 if the event belongs to none.
 * @param {string[]} lines @param {TimedPaneEvent['type'] | undefined} event */
export function firedLine(lines, event) {
  const body = lines.with(0, ''); // its parameters have the same names
  const patterns = (event && LINES_BY_EVENT[event]) ?? [];
  const pattern = patterns.find((candidate) => body.some((line) => candidate.test(line)));
  return pattern ? body.findIndex((line) => pattern.test(line)) : -1;
}

/** @param {TransportId} transport @returns {Promise<string[]>} */
async function fetchLines(transport) {
  const path = pathOf(transport);
  const file = files.get(path) ?? fetch(path).then((response) => response.text());
  files.set(path, file);
  return functionLines(transport, await file);
}

/** @param {string} id */
export function mountCode(id) {
  const element = h('pre', {
    'class': 'code',
    'tabindex': '0',
    'aria-label': 'Source code of the transport',
    'data-testid': `${id}-code`,
  });
  /** @type {TransportId | null} */
  let shown = null;
  /** @type {string[]} */
  let lines = [];

  /** @param {TransportId} transport */
  async function show(transport) {
    shown = transport;
    const fetched = await fetchLines(transport);
    if (shown !== transport) return;
    lines = fetched;
    element.replaceChildren(...lines.map((line) => h('code', {}, `${line}\n`)));
  }

  return {
    element,
    /** @param {TransportId} transport @param {TimedPaneEvent | undefined} last */
    draw(transport, last) {
      if (transport !== shown) show(transport);
      const fired = lines.length > 0 ? firedLine(lines, last?.type) : -1;
      for (const [index, line] of [...element.children].entries()) {
        line.classList.toggle('fired', index === fired);
      }
    },
  };
}
