/**
 * The truth strip: every message as the log numbered it, on the same time axis as the panes.
 *
 * @typedef {import('../model/events.js').LabEvent} LabEvent
 * @typedef {import('../session/lab.js').Lab} Lab
 * @typedef {Extract<LabEvent, { type: 'published' | 'heard' }>} Numbered
 */
import { count } from '../model/format.js';
import { h, setText } from './dom.js';
import { SPAN_MS } from './ladder.js';
import { s, widthOf } from './svg.js';

/** Between two labels, in heights of the letters. */
const LABEL_GAP = 0.5;

const LABEL = 'The log: messages of the last ten seconds';

export function mountTruth() {
  const ticks = s('svg', { class: 'moving' });
  const scale = s('svg', { class: 'scale' });
  const drawing = h(
    'div',
    { 'class': 'strip', 'role': 'img', 'aria-label': LABEL, 'data-testid': 'truth' },
    scale,
    ticks,
  );
  const versions = h('tr');
  const moments = h('tr');
  const listed = h(
    'div',
    { class: 'listed', tabindex: '0', role: 'region', 'aria-label': LABEL },
    h('table', { 'aria-label': LABEL, 'data-testid': 'truth-table' }, versions, moments),
  );
  const about = h('p');
  const element = h(
    'section',
    { 'class': 'truth', 'aria-label': 'The log' },
    h('div', {}, h('h2', {}, 'The log'), about),
    drawing,
    listed,
  );
  let width = 0;
  let height = 0;

  new ResizeObserver(([entry]) => {
    if (!entry) return;
    width = entry.contentRect.width;
    height = entry.contentRect.height;
    const middle = height / 2 + 2;
    const marks = [0, 2, 4, 6, 8, 10].map((seconds) =>
      s(
        'text',
        {
          'x': Math.min(width - 2, Math.max(2, (seconds / 10) * (width - 12))),
          'y': height - 3,
          'text-anchor': seconds === 10 ? 'end' : seconds === 0 ? 'start' : 'middle',
        },
        // Before the moment that is shown, which need not be now.
        seconds === 10 ? '0 s' : `−${10 - seconds} s`,
      ),
    );
    scale.replaceChildren(s('line', { x1: 0, x2: width, y1: middle, y2: middle }), ...marks);
  }).observe(drawing);

  let origin = 0;
  let drawnWidth = 0;
  /** @type {Numbered[]} */
  let drawn = [];
  const scaled = () => (width - 12) / SPAN_MS;

  /** Nothing happened, but time went by. @param {number} now */
  function move(now) {
    const x = width - 12 - (now - origin) * scaled();
    ticks.style.transform = `translateX(${x.toFixed(1)}px)`;
  }

  /** @param {Numbered[]} events */
  function drawTicks(events) {
    const middle = height / 2 + 2;
    const letter = parseFloat(getComputedStyle(drawing).fontSize);
    let labelled = -Infinity;
    const marks = [];
    for (const event of events) {
      const version = versionOf(event);
      const x = (event.at - origin) * scaled();
      marks.push(s('line', { 'x1': x, 'x2': x, 'y1': middle - 9, 'y2': middle + 9, 'data-version': version }));
      const label = `#${version}`;
      const half = widthOf(label, letter) / 2;
      if (x - half < labelled + LABEL_GAP * letter) continue;
      labelled = x + half;
      marks.push(s('text', { x, 'y': middle - 14, 'text-anchor': 'middle' }, label));
    }
    ticks.replaceChildren(...marks);
  }

  /** The drawing as a table, newest first. @param {Numbered[]} events @param {number} start */
  function drawTable(events, start) {
    const newestFirst = events.toReversed();
    const row = (/** @type {string} */ name, /** @type {string[]} */ cells) => [
      h('th', { scope: 'row' }, name),
      ...cells.map((own) => h('td', {}, own)),
    ];
    versions.replaceChildren(...row('version', newestFirst.map((own) => `#${versionOf(own)}`)));
    moments.replaceChildren(...row('at', newestFirst.map(({ at }) => `${((at - start) / 1000).toFixed(2)}\u00a0s`)));
  }

  return {
    element,
    /**
     * @param {LabEvent[]} events up to now
     * @param {number} now
     * @param {number} start of the run
     * @param {string} words
     */
    draw(events, now, start, words) {
      setText(about, words);
      const visible = events.filter(isNumbered).filter(({ at }) => at >= now - SPAN_MS);
      if (listed.offsetParent) drawTable(visible, start);
      const same = visible.length === drawn.length && visible.every((event, index) => event === drawn[index]);
      if (!same || drawnWidth !== width) {
        drawn = visible;
        drawnWidth = width;
        origin = now;
        drawTicks(visible);
      }
      move(now);
    },
    move,
  };
}

/** @param {LabEvent} event @returns {event is Numbered} */
function isNumbered(event) {
  return event.type === 'published' || event.type === 'heard';
}

/** @param {Numbered} event */
function versionOf(event) {
  return event.type === 'published' ? event.version : event.message.version;
}

/** When messages are published, in words. @param {Lab} lab @param {number} asked messages a second */
export function rhythmWords({ preset, rhythm }, asked) {
  if (preset?.typed) return 'a letter every 150 ms';
  if (preset?.at) return `messages at ${preset.at.map((ms) => ms / 1000).join(', ')} s`;
  const own = preset?.rhythm ?? rhythm;
  if (own === 'off') return preset ? 'nothing is published' : 'what is published, by version';
  const rate = preset?.rate ?? asked;
  return own === 'steady' ? `a message every ${count(Math.round(1000 / rate))} ms` : `Poisson, ${rate} a second`;
}
