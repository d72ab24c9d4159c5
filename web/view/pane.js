/**
 * A pane: one subscriber, its technique, its figures, its ladder, and what it received.
 *
 * @typedef {import('../core/events.js').Figures} Figures
 * @typedef {import('../core/events.js').LabEvent} LabEvent
 * @typedef {import('../core/events.js').Line} Line
 * @typedef {import('../core/lab.js').PaneId} PaneId
 * @typedef {import('../core/subscriber.js').Subscriber} Subscriber
 * @typedef {import('../core/types.js').Latency} Latency
 * @typedef {import('../core/types.js').Message} Message
 * @typedef {import('../transports/index.js').Family} Family
 * @typedef {import('../transports/index.js').TechniqueId} TechniqueId
 *
 * @typedef {object} Moment what a pane draws
 * @property {number} now
 * @property {number} start       of the run
 * @property {boolean} live
 * @property {Figures} figures
 * @property {LabEvent[]} events  of this pane, up to now
 * @property {import('./ladder.js').Span[]} spans
 * @property {boolean} figuresDue   whether the figures are drawn, too
 * @property {boolean} still        whether the ladder stands still
 * @property {{ up: number | null, down: number | null }} bytes
 */
import { bytes as bytesText, count, duration, durationText } from '../core/format.js';
import { latencyOf } from '../core/lab.js';
import { techniqueIds, techniques } from '../transports/index.js';
import { mountCode } from './code.js';
import { h, setText } from './dom.js';
import { mountLadder } from './ladder.js';
import { mountLog } from './log.js';

/** Lines of the ticker, and characters of one: more than any screen shows. */
const LINES_MAX = 24;
const LINE_CHARACTERS = 300;

/** As many HTTP/1.1 connections as browsers open to one host; more requests wait. */
const CONNECTIONS = 6;

/** Which views are on is said by attributes of the root, for the style and for this. */
const root = document.documentElement;

const EVERY_MS = { min: 50, max: 60_000, step: 50 };

/** @type {Record<Family, { name: string, glyph: string }>} */
export const FAMILIES = {
  poll: { name: 'Polling', glyph: '■' },
  longpoll: { name: 'Long polling', glyph: '▲' },
  ws: { name: 'WebSocket', glyph: '●' },
};

/** What each counter counts, for those who point at it. The first six are always in sight. */
const COUNTERS = {
  requests: ['requests', 'requests and opening handshakes sent'],
  empty: ['empty', 'answers without a message'],
  up: ['up', 'bytes sent, headers and frames included, counted by the server'],
  down: ['down', 'bytes received, headers and frames included, counted by the server'],
  stale: ['stale', 'answers that put an older version on display than was there already'],
  missed: ['missed', 'messages that the log no longer had'],
  answers: ['answers', 'answers and batches received'],
  errors: ['errors', 'requests without an answer, and sockets that broke'],
  inFlight: ['in flight', 'requests sent and not answered yet'],
  delivered: ['delivered', 'messages that arrived, each counted once'],
  duplicate: ['duplicates', 'messages that arrived again'],
  gaps: ['gaps', 'times that the log could not continue from the cursor'],
};
const ALARMING = ['errors', 'stale', 'missed', 'duplicate', 'gaps'];

/**
 * @param {PaneId} id
 * @param {Subscriber} subscriber
 */
export function mountPane(id, subscriber) {
  const glyph = h('span', { 'class': 'glyph', 'aria-hidden': 'true' });
  const name = h('span');
  const select = h(
    'select',
    {
      'aria-label': 'Technique',
      'data-testid': `${id}-technique`,
      'onchange': () =>
        subscriber.change({ technique: /** @type {TechniqueId} */ (select.value) }),
    },
    ...techniqueIds.map((own) => h('option', { value: own }, techniques[own].label)),
  );
  const every = h('input', {
    'type': 'number',
    ...EVERY_MS,
    'aria-label': 'Polling interval in milliseconds',
    'data-testid': `${id}-every`,
    'onchange': () => {
      if (every.checkValidity()) subscriber.change({ every: every.valueAsNumber });
      else every.value = String(subscriber.every);
    },
  });
  const interval = h('label', { class: 'every' }, h('span', {}, 'every'), every, 'ms');
  const pill = h('span', { 'class': 'pill', 'data-testid': `${id}-state` });
  const median = h('b', { 'data-testid': `${id}-median` });
  const sample = h('div');
  const position = h('div', { 'data-testid': `${id}-position` });
  const mirror = h('p', {
    'class': 'mirror',
    'dir': 'auto',
    'tabindex': '0',
    'role': 'textbox',
    'aria-readonly': 'true',
    'aria-label': 'The shared text as this pane has it',
    'data-testid': `${id}-mirror`,
  });
  const ticker = h('ol', {
    'class': 'ticker',
    'tabindex': '0',
    'aria-label': 'Messages, newest first',
    'data-testid': `${id}-ticker`,
  });
  const code = mountCode(id);
  const log = mountLog(id);
  const ladder = mountLadder(id, 'Requests and answers of the last ten seconds');
  const cells = Object.entries(COUNTERS).map(([key, [label, meaning]]) => {
    const value = h('dd', { 'data-testid': `${id}-${key}` });
    const cell = h('div', { title: meaning ?? '' }, h('dt', {}, label ?? ''), value);
    return { key: /** @type {keyof typeof COUNTERS} */ (key), cell, value };
  });
  const element = h(
    'article',
    { 'class': 'pane', 'id': `pane-${id}`, 'data-testid': `pane-${id}` },
    h('header', {}, h('h2', {}, glyph, name), select, interval),
    h('div', { class: 'figures' }, median, h('div', { class: 'about' }, sample, position), pill),
    mirror,
    h('div', { class: 'content' }, ticker, code.element, log.element),
    ladder.element,
    h('dl', { class: 'counters' }, ...cells.map(({ cell }) => cell)),
  );

  /** Lines that are on display, by what they show. @type {Map<Line, HTMLElement>} */
  let lines = new Map();
  /** @type {Line[]} */
  let earlier = [];
  let stale = 0;

  /** @param {Line[]} wanted newest first */
  function drawLines(wanted) {
    /** @type {Map<Line, HTMLElement>} */
    const next = new Map();
    for (const line of wanted.slice(0, LINES_MAX)) next.set(line, lines.get(line) ?? lineOf(line));
    if (next.size === lines.size && [...next.keys()].every((line) => lines.has(line))) return;
    for (const [line, item] of lines) if (!next.has(line)) item.remove();
    let place = ticker.firstElementChild;
    for (const item of next.values()) {
      if (item === place) place = place.nextElementSibling;
      else ticker.insertBefore(item, place);
    }
    lines = next;
  }

  return {
    element,
    id,
    /** @param {Moment} moment */
    draw({ now, start, live, figuresDue, still, figures, events, spans, bytes }) {
      const technique = live ? subscriber.technique : techniqueAt(events, subscriber.technique);
      const { family } = techniques[technique];
      element.dataset.family = family;
      if (figuresDue && !still) ladder.draw(events, spans, now, family);
      else if (!still) ladder.move(now);
      drawLines([...figures.lines, ...earlier]);
      const text = figures.text ?? earlierText(earlier);
      setText(mirror, text ? String(text.body) : '');
      if (figures.stale > stale) flash(element);
      stale = figures.stale;
      if (!figuresDue) return;
      setText(glyph, FAMILIES[family].glyph);
      setText(name, FAMILIES[family].name);
      if (select.value !== technique) select.value = technique;
      if (document.activeElement !== every) every.value = String(subscriber.every);
      interval.hidden = family !== 'poll';
      setText(pill, live ? pillOf(subscriber, figures) : 'paused');
      pill.dataset.state = live ? subscriber.state : 'stopped';

      const { n, p50, p95, last, error } = latencyOf(figures);
      const { value, unit } = duration(p50);
      median.replaceChildren(value, h('small', {}, unit));
      const about = error > 0 ? `, ±\u00a0${durationText(error)}` : '';
      setText(
        sample,
        n === 0
          ? 'median latency'
          : `median of ${count(n)}${about} · p95 ${durationText(p95)} · last ${durationText(last)}`,
      );
      setText(position, positionOf(figures, subscriber));
      const figuresAndBytes = { ...figures, ...bytes };
      for (const { key, cell, value: field } of cells) {
        const amount = figuresAndBytes[key];
        const isBytes = key === 'up' || key === 'down';
        setText(field, amount === null ? '–' : isBytes ? bytesText(amount) : count(amount));
        cell.classList.toggle('bad', ALARMING.includes(key) && Number(amount) > 0);
      }
      if (root.dataset.content === 'code') code.draw(technique, events.at(-1));
      if (root.dataset.content === 'log' || root.dataset.tables) log.draw(events, start);
    },
    /** Nothing happened, but time went by. */
    move: ladder.move,
    /** Messages from before the start: shown, not counted. @param {Message[]} messages */
    showHistory(messages) {
      earlier = messages.map((message) => /** @type {Line} */ ({ kind: 'earlier', message })).reverse();
    },
    clear() {
      earlier = [];
      ladder.clear();
    },
    get family() {
      return techniques[subscriber.technique].family;
    },
  };
}

/** @param {HTMLElement} element */
function flash(element) {
  element.classList.remove('flash');
  void element.offsetWidth; // starts the animation again
  element.classList.add('flash');
}

/** @param {Line[]} lines */
function earlierText(lines) {
  for (const line of lines) {
    if (line.kind === 'earlier' && line.message.kind === 'text') return line.message;
  }
  return null;
}

/** @param {LabEvent[]} events @param {TechniqueId} otherwise */
function techniqueAt(events, otherwise) {
  const last = events.findLast(({ type }) => type === 'technique');
  return last?.type === 'technique' ? last.technique : otherwise;
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

/** @param {{ gap: import('../core/types.js').Gap, missed: number }} line */
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

/** @param {Subscriber} subscriber @param {Figures} figures */
function pillOf({ state, stateSince, technique }, { inFlight }) {
  const seconds = ((performance.now() - stateSince) / 1000).toFixed(0);
  switch (state) {
    case 'polling':
      if (inFlight >= CONNECTIONS) return `${inFlight} in flight ⚠ ${CONNECTIONS} at a time`;
      return technique === 'interval' && inFlight > 1 ? `${inFlight} in flight` : 'polling';
    case 'held':
      return `held ${seconds}\u00a0s`;
    case 'connecting':
      return 'connecting…';
    case 'retrying':
      return 'no connection, trying';
    default:
      return state;
  }
}

/** @param {Figures} figures @param {Subscriber} subscriber */
function positionOf({ delivered, shown, head }, { started }) {
  if (!started || (delivered === 0 && shown === 0)) return 'nothing shown yet';
  const behind = head - shown;
  return `showing #${shown}, ${behind > 0 ? `${count(behind)} behind` : 'up to date'}`;
}
