/**
 * The code of the running transport: its loop in short, as a lecture writes it, with the line
 * where it waits; and the very file that runs, with the line that ran last.
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

/**
 * The loops in short, as a lecture writes them. `>` marks the line where a loop waits.
 * @type {Record<TransportId, string>}
 */
const LOOPS = {
  'interval': `
setInterval(function () {
>  makeRequest();  // does not wait
}, 1000);`,
  'interval-guard': `
setInterval(function () {
  if (waiting) return;
>  makeRequest();
}, 1000);`,
  'chained': `
function poll() {
>  makeRequest(function () {
    setTimeout(poll, 1000);
  });
}`,
  'chained-backoff': `
function poll() {
>  makeRequest(function (failed) {
    setTimeout(poll, failed ? longer() : 1000);
  });
}`,
  'longpoll': `
function poll() {
>  makeRequest(function () {  // held
    poll();
  });
}`,
  'ws': `
socket = new WebSocket(url);
>socket.onmessage = show;
socket.send(text);
socket.close();`,
};

/** The lines of a loop in short, and the one where it waits. @param {TransportId} transport */
export function loopLines(transport) {
  const lines = LOOPS[transport].trim().split('\n');
  return {
    lines: lines.map((line) => line.replace(/^>/, '')),
    waits: lines.findIndex((line) => line.startsWith('>')),
  };
}

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
  const label = 'Source code of the transport';
  const element = h('pre', { 'class': 'code', 'tabindex': '0', 'aria-label': label, 'data-testid': `${id}-code` });
  /** The transport and the mode on display. */
  let shown = '';
  /** @type {string[]} */
  let lines = [];

  /** @param {string[]} next */
  function setLines(next) {
    lines = next;
    element.replaceChildren(...lines.map((line) => h('code', {}, `${line}\n`)));
  }

  /** @param {TransportId} transport @param {boolean} isShort */
  async function show(transport, isShort) {
    const wanted = `${transport} ${isShort}`;
    if (wanted === shown) return;
    shown = wanted;
    if (isShort) return setLines(loopLines(transport).lines);
    const fetched = await fetchLines(transport);
    if (shown === wanted) setLines(fetched);
  }

  return {
    element,
    /** @param {TransportId} transport @param {TimedPaneEvent | undefined} last
     *  @param {boolean} isShort the loop in short, or the file that runs */
    draw(transport, last, isShort) {
      show(transport, isShort);
      const ran = isShort ? loopLines(transport).waits : firedLine(lines, last?.type);
      for (const [index, line] of [...element.children].entries()) {
        line.classList.toggle('fired', lines.length > 0 && index === ran);
      }
    },
  };
}
