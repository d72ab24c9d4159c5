/**
 * The truth strip: every message as the log numbered it, on the same time axis as the panes.
 *
 * @typedef {import('../core/events.js').LabEvent} LabEvent
 */
import { SPAN_MS } from './ladder.js';
import { h, setText } from './dom.js';
import { s } from './svg.js';

/** Between two numbers, in heights of the letters. */
const LABEL_LETTERS = 3.4;

export function mountTruth() {
  const ticks = s('svg', { class: 'moving' });
  const scale = s('svg', { class: 'scale' });
  const drawing = h(
    'div',
    { 'class': 'strip', 'role': 'img', 'aria-label': 'The log: messages of the last ten seconds', 'data-testid': 'truth' },
    scale,
    ticks,
  );
  const about = h('p');
  const element = h(
    'section',
    { 'class': 'truth', 'aria-label': 'The log' },
    h('div', {}, h('h2', {}, 'The log'), about),
    drawing,
  );
  let letter = 13;
  let width = 0;
  let height = 0;

  new ResizeObserver(([entry]) => {
    if (!entry) return;
    width = entry.contentRect.width;
    height = entry.contentRect.height;
    letter = parseFloat(getComputedStyle(drawing).fontSize);
    const middle = height / 2 + 2;
    const marks = [0, 2, 4, 6, 8, 10].map((seconds) =>
      s(
        'text',
        {
          'x': Math.min(width - 2, Math.max(2, (seconds / 10) * (width - 12))),
          'y': height - 3,
          'text-anchor': seconds === 10 ? 'end' : seconds === 0 ? 'start' : 'middle',
        },
        seconds === 10 ? 'now' : `−${10 - seconds} s`,
      ),
    );
    scale.replaceChildren(s('line', { x1: 0, x2: width, y1: middle, y2: middle }), ...marks);
  }).observe(drawing);

  let origin = 0;
  let drawnWidth = 0;
  /** @type {LabEvent[]} */
  let drawn = [];
  const scaled = () => (width - 12) / SPAN_MS;

  /** Nothing happened, but time went by. @param {number} now */
  function move(now) {
    const x = width - 12 - (now - origin) * scaled();
    ticks.style.transform = `translateX(${x.toFixed(1)}px)`;
  }

  /** @param {LabEvent[]} events */
  function drawTicks(events) {
    const middle = height / 2 + 2;
    let labelled = -Infinity;
    const marks = [];
    for (const event of events) {
      if (event.type !== 'published' && event.type !== 'heard') continue;
      const version = event.type === 'published' ? event.version : event.message.version;
      const x = (event.at - origin) * scaled();
      marks.push(s('line', { 'x1': x, 'x2': x, 'y1': middle - 9, 'y2': middle + 9, 'data-version': version }));
      if (x - labelled < LABEL_LETTERS * letter) continue;
      labelled = x;
      marks.push(s('text', { x, 'y': middle - 14, 'text-anchor': 'middle' }, `#${version}`));
    }
    ticks.replaceChildren(...marks);
  }

  return {
    element,
    /**
     * @param {LabEvent[]} events up to now
     * @param {number} now
     * @param {string} words
     */
    draw(events, now, words) {
      setText(about, words);
      const visible = events.filter(({ type, at }) => (type === 'published' || type === 'heard') && at >= now - SPAN_MS);
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
