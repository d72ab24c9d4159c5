/**
 * The figures of a pane: its median latency, its position in the log, and its state.
 *
 * @typedef {import('../model/stats.js').Stats} Stats
 */
import { count, duration, durationText } from '../model/format.js';
import { latencySummary } from '../model/stats.js';
import { h, setText } from './dom.js';

/** HTTP/1.1 connections that browsers open to one host; further requests are queued. */
const MAX_CONNECTIONS = 6;

/** @param {string} id */
export function mountFigures(id) {
  const median = h('b', { 'data-testid': `${id}-median` });
  const sample = h('div');
  const position = h('div', { 'data-testid': `${id}-position` });
  const badge = h('span', { 'class': 'state-badge', 'data-testid': `${id}-state` });
  return {
    element: h(
      'div',
      { class: 'figures' },
      median,
      h('div', { class: 'caption' }, sample, position),
      badge,
    ),
    /** @param {Stats} stats at the moment `now` @param {number} now
     *  @param {number} newest the newest version that the page knows then */
    draw(stats, now, newest) {
      const { value, unit } = duration(latencySummary(stats.segment).p50);
      median.replaceChildren(value, h('small', {}, unit));
      setText(sample, sampleText(stats));
      setText(position, positionText(stats, newest));
      setText(badge, stateText(stats, now));
      badge.dataset.state = stats.state;
    },
  };
}

/** @param {Stats} stats */
function sampleText({ segment }) {
  const { n, p95, last, error } = latencySummary(segment);
  if (n === 0) return 'median latency';
  const accuracy = error > 0 ? `, ±\u00a0${durationText(error)}` : '';
  return `median of ${count(n)}${accuracy} · p95 ${durationText(p95)} · last ${durationText(last)}`;
}

/** What a pane shows next to what the page knows: its own last response may be old itself.
 * @param {Stats} stats @param {number} newest */
export function positionText({ delivered, shown }, newest) {
  if (delivered === 0 && shown === 0) return 'nothing shown yet';
  const behind = newest - shown;
  return `showing #${shown}, ${behind > 0 ? `${count(behind)} behind` : 'up to date'}`;
}

/** @param {Stats} stats @param {number} now */
export function stateText({ state, stateSince, segment, inFlight }, now) {
  if (state !== 'stopped' && inFlight >= MAX_CONNECTIONS) {
    return `${inFlight} in flight ⚠ ${MAX_CONNECTIONS} at a time`;
  }
  switch (state) {
    case 'polling':
      return segment.transport === 'interval' && inFlight > 1 ? `${inFlight} in flight` : 'polling';
    case 'held':
      return `held ${((now - stateSince) / 1000).toFixed(0)}\u00a0s`;
    case 'connecting':
      return 'connecting…';
    case 'retrying':
      return 'no connection, retrying';
    default:
      return state;
  }
}
