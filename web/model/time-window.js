/**
 * The time that the ladders and the log strip show: the last seconds while it runs, and the
 * whole run when it is explained.
 *
 * @typedef {import('./presets.js').Settings} Settings
 * @typedef {import('./stats.js').PageStats} PageStats
 *
 * @typedef {object} TimeWindow
 * @property {number} to      its right end, by `performance.now()`
 * @property {number} span    in milliseconds
 * @property {number} zero    the moment that the axis counts from
 * @property {boolean} isFitted whether it shows a whole run
 */
import { DEFAULT_SPAN_MS } from './presets.js';

/** Width of a round trip in pixels, so that its slope can be seen. */
const MIN_ROUND_TRIP_PX = 24;

/** Messages of the publisher in a window: more would be a wall of lines. */
const MAX_MESSAGES = 40;

const MIN_SPAN_MS = 1000;

/** Room for the label of the last mark, as a share of the run. */
const END_MARGIN = 0.02;

/** The last seconds: as many as the lesson needs, but a round trip must be visible, and messages
 * must not touch.
 * @param {number} now @param {Settings} settings @param {number} rate messages per second in free mode
 * @param {number} width of a ladder in pixels @returns {TimeWindow} */
export function runningWindow(now, { preset, network, schedule }, rate, width) {
  let span = preset?.spanMs ?? DEFAULT_SPAN_MS;
  if (!preset && schedule !== 'off' && rate > 0) span = Math.min(span, (1000 * MAX_MESSAGES) / rate);
  const roundTrip = (network.up ?? 0) + (network.down ?? 0);
  if (roundTrip > 0 && width > 0) span = Math.min(span, (width * roundTrip) / MIN_ROUND_TRIP_PX);
  return { to: now, span: Math.max(MIN_SPAN_MS, span), zero: now, isFitted: false };
}

/** A whole run, from its start to its last event.
 * @param {PageStats} run @param {number} lastEventAt @returns {TimeWindow} */
export function fittedWindow({ startedAt, stoppedAt }, lastEventAt) {
  const length = Math.max(MIN_SPAN_MS, Math.max(stoppedAt ?? 0, lastEventAt) - startedAt);
  const span = length * (1 + END_MARGIN);
  return { to: startedAt + span, span, zero: startedAt, isFitted: true };
}

/** Moments of the axis that get a label: seconds before now, or seconds of the run.
 * @param {TimeWindow} window @param {number} most labels */
export function axisTicks({ to, span, zero, isFitted }, most) {
  const step = [250, 500, 1000, 2000, 5000, 10_000].find((ms) => span / ms <= most - 1) ?? 20_000;
  const first = isFitted ? 0 : -Math.floor(span / step) * step;
  const last = to - zero;
  const ticks = [];
  for (let ms = first; ms <= last; ms += step) {
    ticks.push({ at: zero + ms, text: `${ms < 0 ? '−' : ''}${Math.abs(ms) / 1000}\u00a0s` });
  }
  return ticks;
}
