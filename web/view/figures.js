/**
 * The figures of a pane: the one that the lesson is about, its latency, its position in the log,
 * and its state.
 *
 * @typedef {import('../model/stats.js').Stats} Stats
 *
 * @typedef {object} Headline the figure that the lesson is about
 * @property {string} label
 * @property {string} value  in the unit of all three panes
 * @property {string} unit
 * @property {number} share  of the largest of the three, 0 to 1
 * @property {string} note   below the label
 */
import { count, durationText } from '../model/format.js';
import { latencySummary } from '../model/stats.js';
import { h, setText } from './dom.js';

/** @param {string} id */
export function mountFigures(id) {
  const figure = h('b', { 'data-testid': `${id}-figure` });
  const label = h('div', { class: 'figure-label' });
  const sample = h('div', { 'data-testid': `${id}-median` });
  const behind = h('b', { class: 'behind' });
  const position = h('span');
  const badge = h('span', { 'class': 'state-badge', 'data-testid': `${id}-state` });
  const bar = h('i');
  return {
    element: h(
      'div',
      { class: 'figures' },
      figure,
      h(
        'div',
        { class: 'caption' },
        label,
        sample,
        h('div', { 'data-testid': `${id}-position` }, position, behind),
      ),
      badge,
      h('div', { 'class': 'figure-bar', 'aria-hidden': 'true' }, bar),
    ),
    /** @param {Headline} headline @param {Stats} stats at the moment `now` @param {number} now
     *  @param {number} newest the newest version that the page knows then @param {boolean} isLesson */
    draw(headline, stats, now, newest, isLesson) {
      const { value, unit, share } = headline;
      figure.replaceChildren(value, ...(unit ? [h('small', {}, unit)] : []));
      figure.classList.toggle('zero', value === '0');
      figure.classList.toggle('none', value === '–');
      setText(label, headline.label);
      setText(sample, [headline.note, sampleText(stats)].filter(Boolean).join(' · '));
      setText(position, positionText(stats, newest, isLesson) + doubtText(stats, newest, isLesson));
      setText(behind, behindText(stats, newest, isLesson));
      setText(badge, stateText(stats, now));
      badge.dataset.state = stats.state;
      bar.style.width = `${(100 * share).toFixed(1)}%`;
    },
  };
}

/** @param {Stats} stats */
export function sampleText({ segment, state }) {
  const { n, p50, p95, error } = latencySummary(segment);
  if (n === 0) return state === 'stopped' ? 'no message measured' : 'no message measured yet';
  const accuracy = error > 0 ? `, ±\u00a0${durationText(error)}` : '';
  return `median of ${count(n)}: ${durationText(p50)}${accuracy} · p95 ${durationText(p95)}`;
}

/** What a pane shows next to what the page knows: its own last response may be old itself.
 * @param {Stats} stats @param {number} newest @param {boolean} [isLesson] */
export function positionText(stats, newest, isLesson = false) {
  const { shown, state } = stats;
  if (showsNothing(stats, isLesson)) return state === 'stopped' ? 'nothing shown' : 'nothing shown yet';
  return `showing #${shown}${newest > shown ? ', ' : ', up to date'}`;
}

/** @param {Stats} stats @param {number} newest @param {boolean} [isLesson] */
export function behindText(stats, newest, isLesson = false) {
  if (showsNothing(stats, isLesson) || newest <= stats.shown) return '';
  return `${count(newest - stats.shown)} behind`;
}

/** A lesson hides the messages from before its run.
 * @param {Stats} stats @param {boolean} isLesson */
function showsNothing({ delivered, shown }, isLesson) {
  return delivered === 0 && (isLesson || shown === 0);
}

/** Without a connection a pane does not know what is new.
 * @param {Stats} stats @param {number} newest @param {boolean} [isLesson] */
export function doubtText(stats, newest, isLesson = false) {
  const isConnected = stats.state !== 'retrying' && stats.state !== 'connecting';
  return isConnected || showsNothing(stats, isLesson) || newest > stats.shown ? '' : ' as far as known';
}

/** @param {number} sent without a response @param {number} queued */
function queuedText(sent, queued) {
  return `${sent > 0 ? `${sent} sent, ` : ''}${queued} queued in the browser`;
}

/** @param {Stats} stats @param {number} now */
export function stateText({ state, stateSince, segment, inFlight, queued, rejection }, now) {
  const seconds = `${((now - stateSince) / 1000).toFixed(0)}\u00a0s`;
  if (state === 'stopped') return state;
  if (queued > 0 && inFlight === 1) return `queued in the browser ${seconds}`;
  if (queued > 0) return queuedText(inFlight - queued, queued);
  switch (state) {
    case 'polling':
      return segment.transport === 'interval' && inFlight > 1 ? `${inFlight} in flight` : 'polling';
    case 'held':
      return `held ${seconds}`;
    case 'connecting':
      return 'connecting…';
    case 'retrying':
      return `${rejection === null ? 'no connection' : `rejected: ${rejection}`}, retrying`;
    default:
      return state;
  }
}
