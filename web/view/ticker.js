/**
 * The ticker: the messages of a pane as they arrived, newest first, with stale updates and
 * gaps.
 *
 * @typedef {import('../model/stats.js').TickerEntry} TickerEntry
 * @typedef {import('../model/types.js').Gap} Gap
 * @typedef {import('../model/types.js').Message} Message
 */
import { count, latencyText } from '../model/format.js';
import { h } from './dom.js';

/** More entries, and more characters of one, than any screen shows. */
const MAX_ENTRIES = 24;
const MAX_CHARACTERS = 300;

/** @param {string} id @param {(version: number) => void} select */
export function mountTicker(id, select) {
  const attributes = { 'tabindex': '0', 'aria-label': 'Messages, newest first', 'data-testid': `${id}-ticker` };
  const element = h('ol', { class: 'ticker', ...attributes });
  element.addEventListener('click', ({ target }) => {
    const item = target instanceof Element ? target.closest('li') : null;
    if (item?.dataset.version) select(Number(item.dataset.version));
  });
  /** The items on display. @type {Map<TickerEntry, HTMLElement>} */
  let shown = new Map();
  /** Messages from before the start, newest first. @type {Message[]} */
  let history = [];
  /** @type {TickerEntry[]} */
  let historyEntries = [];
  /** @param {Message[]} messages oldest first */
  const showHistory = (messages) => {
    history = messages.toReversed();
    historyEntries = history.map((message) => ({ kind: 'earlier', message }));
  };

  return {
    element,
    /** @param {TickerEntry[]} entries newest first @param {number | null} selected version */
    draw(entries, selected) {
      for (const item of shown.values()) {
        item.classList.toggle('selected', item.dataset.version === String(selected));
      }
      const wanted = [...entries, ...historyEntries].slice(0, MAX_ENTRIES);
      if (wanted.length === shown.size && wanted.every((entry) => shown.has(entry))) return;
      shown = replaceItems(element, shown, wanted);
    },
    /** Messages from before the start: shown, but not counted. */
    showHistory,
    /** The shared text from before the start. */
    get historyText() {
      return history.find(({ kind }) => kind === 'text') ?? null;
    },
    clear: () => showHistory([]),
  };
}

/** Shows these entries, and keeps the items that are on display already.
 * @param {HTMLElement} list @param {Map<TickerEntry, HTMLElement>} shown
 * @param {TickerEntry[]} wanted */
function replaceItems(list, shown, wanted) {
  const next = new Map(wanted.map((entry) => [entry, shown.get(entry) ?? itemOf(entry)]));
  for (const [entry, item] of shown) if (!next.has(entry)) item.remove();
  let place = list.firstElementChild;
  for (const item of next.values()) {
    if (item === place) place = place.nextElementSibling;
    else list.insertBefore(item, place);
  }
  return next;
}

/** @param {TickerEntry} entry */
function itemOf(entry) {
  if (entry.kind === 'gap') {
    return h('li', { class: 'gap' }, h('span', { class: 'body' }, gapText(entry)));
  }
  const { version, sender, kind, body } = entry.message;
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const shortened = text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS)}…` : text;
  return h(
    'li',
    { 'class': entry.kind, 'data-version': version },
    h('span', { class: 'version' }, `#${version}`),
    h('bdi', { class: 'sender' }, kind === 'text' ? `${sender} ✎` : sender),
    h('bdi', { class: 'body' }, shortened),
    h('span', { class: 'latency' }, noteOf(entry)),
  );
}

/** @param {Exclude<TickerEntry, { kind: 'gap' }>} entry */
function noteOf(entry) {
  if (entry.kind === 'stale') return `⟲ after #${entry.after}`;
  return entry.kind === 'earlier' ? 'earlier' : latencyText(entry.latency);
}

/** @param {{ gap: Gap, missed: number }} entry */
export function gapText({ gap: { reason, oldest, head }, missed }) {
  return {
    truncated: `gap: the log no longer holds ${count(missed)} messages; continued from #${oldest}`,
    epoch: 'gap: the log was restarted; continued from its start',
    ahead: `gap: the log does not have this version yet; continued from #${head}`,
  }[reason];
}
