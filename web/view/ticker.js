/**
 * The ticker: the messages as a pane received them, newest first, and what went wrong among
 * them.
 *
 * @typedef {import('../model/events.js').Line} Line
 * @typedef {import('../model/types.js').Latency} Latency
 * @typedef {import('../model/types.js').Message} Message
 */
import { count, durationText } from '../model/format.js';
import { h } from './dom.js';

/** Lines, and characters of one: more than any screen shows. */
const LINES_MAX = 24;
const LINE_CHARACTERS = 300;

/** @param {string} id */
export function mountTicker(id) {
  const element = h('ol', {
    'class': 'ticker',
    'tabindex': '0',
    'aria-label': 'Messages, newest first',
    'data-testid': `${id}-ticker`,
  });
  /** What is on display, by the line that it shows. @type {Map<Line, HTMLElement>} */
  let shown = new Map();
  /** From before the start, newest first. @type {Line[]} */
  let earlier = [];

  return {
    element,
    /** @param {Line[]} lines newest first */
    draw(lines) {
      /** @type {Map<Line, HTMLElement>} */
      const next = new Map();
      for (const line of [...lines, ...earlier].slice(0, LINES_MAX)) {
        next.set(line, shown.get(line) ?? lineOf(line));
      }
      if (next.size === shown.size && [...next.keys()].every((line) => shown.has(line))) return;
      for (const [line, item] of shown) if (!next.has(line)) item.remove();
      let place = element.firstElementChild;
      for (const item of next.values()) {
        if (item === place) place = place.nextElementSibling;
        else element.insertBefore(item, place);
      }
      shown = next;
    },
    /** Messages from before the start: shown, not counted. @param {Message[]} messages */
    showHistory(messages) {
      earlier = messages.map((message) => /** @type {Line} */ ({ kind: 'earlier', message })).reverse();
    },
    /** The shared text from before the start. */
    get earlierText() {
      for (const line of earlier) {
        if (line.kind === 'earlier' && line.message.kind === 'text') return line.message;
      }
      return null;
    },
    clear() {
      earlier = [];
    },
  };
}

/** @param {Line} line */
function lineOf(line) {
  if (line.kind === 'gap') {
    return h('li', { class: 'gap' }, h('span', { class: 'body' }, gapText(line)));
  }
  const { version, sender, kind: about, body } = line.message;
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const shown = text.length > LINE_CHARACTERS ? `${text.slice(0, LINE_CHARACTERS)}…` : text;
  const note =
    line.kind === 'stale'
      ? `⟲ after #${line.after}`
      : line.kind === 'earlier'
        ? 'earlier'
        : noteOf(line.latency);
  return h(
    'li',
    { class: line.kind },
    h('span', { class: 'version' }, `#${version}`),
    h('bdi', { class: 'sender' }, about === 'text' ? `${sender} ✎` : sender),
    h('bdi', { class: 'body' }, shown),
    h('span', { class: 'note' }, note),
  );
}

/** @param {{ gap: import('../model/types.js').Gap, missed: number }} line */
export function gapText({ gap: { reason, oldest, head }, missed }) {
  return {
    truncated: `gap: ${count(missed)} messages were no longer kept; on from #${oldest}`,
    epoch: 'gap: the log began anew; on from its start',
    ahead: `gap: the log has no such version yet; on from #${head}`,
  }[reason];
}

/** @param {Latency} latency */
function noteOf({ ms, error }) {
  if (error === Infinity) return 'unknown';
  if (error > ms) return `< ${durationText(error)}`;
  return durationText(ms);
}
