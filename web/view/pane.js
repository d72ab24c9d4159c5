/**
 * A pane: one subscriber, its technique, its figures, and what it received.
 *
 * @typedef {import('../core/subscriber.js').Subscriber} Subscriber
 * @typedef {import('../core/types.js').Latency} Latency
 * @typedef {import('../core/types.js').Message} Message
 * @typedef {import('../transports/index.js').Family} Family
 * @typedef {import('../transports/index.js').TechniqueId} TechniqueId
 */
import { count, duration, durationText } from '../core/format.js';
import { figures } from '../core/lab.js';
import { techniqueIds, techniques } from '../transports/index.js';
import { h, setText } from './dom.js';

/** Lines kept in the ticker, and characters of one: more than any screen shows. */
const LINES_MAX = 40;
const LINE_CHARACTERS = 300;

const EVERY_MS = { min: 50, max: 60_000, step: 50 };

/** @type {Record<Family, { name: string, glyph: string }>} */
export const FAMILIES = {
  poll: { name: 'Polling', glyph: '■' },
  longpoll: { name: 'Long polling', glyph: '▲' },
  ws: { name: 'WebSocket', glyph: '●' },
};

/** What each counter counts, for those who point at it. */
const COUNTERS = {
  requests: 'requests and opening handshakes sent',
  answers: 'answers and batches received',
  empty: 'answers without a message',
  errors: 'requests without an answer, and sockets that broke',
  inFlight: 'requests sent and not answered yet',
  delivered: 'messages that arrived, each counted once',
  stale: 'answers that put an older version on display than was there already',
  duplicate: 'messages that arrived again',
  missed: 'messages that the log no longer had',
  gaps: 'times that the log could not continue from the cursor',
};
const LABELS = { inFlight: 'in flight', duplicate: 'duplicates' };

/**
 * @param {string} id
 * @param {Subscriber} subscriber
 * @param {object} hooks
 * @param {(message: Message) => void} hooks.onText the shared text as this pane has it
 * @param {() => void} hooks.onNewLog the log began anew: its versions start again
 * @param {(sentence: string) => void} hooks.announce
 */
export function mountPane(id, subscriber, { onText, onNewLog, announce }) {
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
  const cells = Object.entries(COUNTERS).map(([key, meaning]) => {
    const value = h('dd', { 'data-testid': `${id}-${key}` });
    const label = key in LABELS ? LABELS[/** @type {keyof typeof LABELS} */ (key)] : key;
    const cell = h('div', { title: meaning }, h('dt', {}, label), value);
    return { key: /** @type {keyof typeof COUNTERS} */ (key), cell, value };
  });
  const element = h(
    'article',
    { 'class': 'pane', 'id': `pane-${id}`, 'data-testid': `pane-${id}` },
    h('header', {}, h('h2', {}, glyph, name), select, interval),
    h(
      'div',
      { class: 'figures' },
      median,
      h('div', { class: 'about' }, sample, position),
      pill,
    ),
    mirror,
    ticker,
    h('dl', { class: 'counters' }, ...cells.map(({ cell }) => cell)),
  );

  /** @param {Message} message @param {string} note @param {string} [kind] */
  function line({ version, sender, kind: about, body }, note, kind = '') {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const shown = text.length > LINE_CHARACTERS ? `${text.slice(0, LINE_CHARACTERS)}…` : text;
    add(
      kind,
      h('span', { class: 'version' }, `#${version}`),
      h('bdi', { class: 'sender' }, about === 'text' ? `${sender} ✎` : sender),
      h('bdi', { class: 'body' }, shown),
      h('span', { class: 'note' }, note),
    );
  }

  /** @param {string} kind @param {...Node} parts */
  function add(kind, ...parts) {
    ticker.prepend(h('li', kind ? { class: kind } : {}, ...parts));
    while (ticker.childElementCount > LINES_MAX) ticker.lastElementChild?.remove();
  }

  /** @param {Message[]} messages */
  function showText(messages) {
    const text = messages.findLast(({ kind, body }) => kind === 'text' && typeof body === 'string');
    if (!text) return;
    setText(mirror, String(text.body));
    onText(text);
  }

  subscriber.show({
    onMessages(fresh) {
      for (const { message, latency } of fresh.slice(-LINES_MAX)) {
        line(message, noteOf(latency));
      }
      showText(fresh.map(({ message }) => message));
    },
    onStale(messages, after) {
      const last = messages.at(-1);
      if (last) line(last, `⟲ after #${after}`, 'stale');
      const text = messages.findLast(({ kind }) => kind === 'text');
      if (text) setText(mirror, String(text.body));
      element.classList.remove('flash');
      void element.offsetWidth; // starts the animation again
      element.classList.add('flash');
    },
    onGap({ reason, oldest, head }, missed) {
      const told = {
        truncated: `gap: ${count(missed)} messages were no longer kept; on from #${oldest}`,
        epoch: 'gap: the log began anew; on from its start',
        ahead: `gap: the log has no such version yet; on from #${head}`,
      }[reason];
      if (reason === 'epoch') onNewLog();
      add('gap', h('span', { class: 'body' }, told));
      announce(`${name.textContent}: ${told}`);
    },
    onChange: changed,
  });

  let drawn = false;
  function changed() {
    if (drawn) return;
    drawn = true;
    requestAnimationFrame(draw);
  }

  function draw() {
    drawn = false;
    const now = figures(subscriber);
    const { family } = techniques[now.technique];
    element.dataset.family = family;
    setText(glyph, FAMILIES[family].glyph);
    setText(name, FAMILIES[family].name);
    if (select.value !== now.technique) select.value = now.technique;
    if (document.activeElement !== every) every.value = String(subscriber.every);
    interval.hidden = family !== 'poll';
    setText(pill, pillOf(subscriber));
    pill.dataset.state = now.state;

    const { n, p50, p95, last, error } = now.latency;
    const { value, unit } = duration(p50);
    median.replaceChildren(value, h('small', {}, unit));
    const about = error > 0 ? `, ±\u00a0${durationText(error)}` : '';
    setText(
      sample,
      n === 0
        ? 'median latency'
        : `median of ${count(n)}${about} · p95 ${durationText(p95)} · last ${durationText(last)}`,
    );
    setText(position, positionOf(subscriber));
    for (const { key, cell, value: field } of cells) {
      setText(field, count(now[key]));
      const alarming = ['errors', 'stale', 'duplicate', 'missed', 'gaps'].includes(key);
      cell.classList.toggle('bad', alarming && now[key] > 0);
    }
  }

  draw();
  return {
    element,
    /** Messages from before the start: shown, not counted. @param {Message[]} messages */
    showHistory(messages) {
      for (const message of messages) line(message, 'earlier', 'earlier');
      showText(messages);
    },
    clear() {
      ticker.replaceChildren();
      setText(mirror, '');
    },
    /** Time goes by in a pill even when nothing happens. */
    tick: changed,
    get family() {
      return techniques[subscriber.technique].family;
    },
  };
}

/** @param {Latency} latency */
function noteOf({ ms, error }) {
  if (error === Infinity) return 'unknown';
  if (error > ms) return `< ${durationText(error)}`;
  return durationText(ms);
}

/** @param {Subscriber} subscriber */
function pillOf({ state, stateSince, counters, technique }) {
  const seconds = ((performance.now() - stateSince) / 1000).toFixed(0);
  switch (state) {
    case 'polling':
      return technique === 'interval' && counters.inFlight > 1
        ? `${counters.inFlight} in flight`
        : 'polling';
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

/** @param {Subscriber} subscriber */
function positionOf({ ledger }) {
  if (!ledger) return 'nothing shown yet';
  const behind = ledger.head - ledger.shown;
  if (ledger.delivered === 0) return `waiting for #${ledger.head + 1}`;
  return `showing #${ledger.shown}, ${behind > 0 ? `${count(behind)} behind` : 'up to date'}`;
}
