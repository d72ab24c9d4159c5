/**
 * The summary: what the three panes add up to, as curves and as rows, with what the model
 * expects of each.
 *
 * @typedef {import('../session/lab.js').Lab} Lab
 * @typedef {import('../model/theory.js').Prediction} Prediction
 * @typedef {import('./distribution.js').Curve} Curve
 * @typedef {import('./comparison.js').Row} Row
 */
import { bytes, durationText } from '../model/format.js';
import { latencyOf } from '../session/state.js';
import { predict } from '../model/theory.js';
import { techniques } from '../transports/index.js';
import { FAMILIES } from './pane.js';

/** How long a long poll is held, for the model, in milliseconds; the server's default. */
const HOLD_MS = 25_000;

/** Messages a millisecond, as scheduled; 0 where nobody knows. @param {Lab} lab @param {number} asked */
function rateOf({ preset, rhythm }, asked) {
  if (!preset) return rhythm === 'off' ? 0 : asked / 1000;
  return preset.rhythm === 'off' ? 0 : preset.rate / 1000;
}

/** How long was measured, in seconds. @param {Lab} lab */
function secondsOf({ startedAt, stoppedAt }) {
  return startedAt ? ((stoppedAt ?? performance.now()) - startedAt) / 1000 : 0;
}

/**
 * @param {Lab} lab
 * @param {number} asked   messages a second, as the composer asks for
 * @param {boolean} withModel
 * @returns {{ curve: Curve, row: Row }[]}
 */
export function summaryOf(lab, asked, withModel) {
  const { preset, network, hasLab } = lab;
  const delay = hasLab ? (network.delay ?? 0) : 0;
  const rate = rateOf(lab, asked);
  const seconds = secondsOf(lab);
  const isModelled = withModel && rate > 0 && !network.answers && !preset?.outage && !preset?.hogs;
  return lab.panes.map(({ id, subscriber: { technique, every } }) => {
    const { family, label } = techniques[technique];
    const { glyph, name } = FAMILIES[family];
    const figures = lab.timeline.figures(id);
    const { p50, p95, mean } = latencyOf(figures);
    const model = isModelled ? predict(technique, { rate, every, delay, hold: HOLD_MS }) : null;
    return {
      curve: {
        family,
        name: `${glyph} ${label}`,
        values: figures.latencies.map(({ ms }) => ms),
        model: model?.arrived ?? null,
      },
      row: {
        family,
        name: `${glyph} ${family === 'poll' ? label : name}`,
        cells: [
          durationText(p50),
          durationText(p95),
          durationText(mean),
          durationText(model?.mean ?? null),
          seconds > 0 ? (figures.requests / seconds).toFixed(1) : '–',
          emptyText(figures, family === 'ws'),
          overheadText(figures, lab.bytesOf(id)),
        ],
      },
    };
  });
}

/** @param {{ answers: number, empty: number }} figures @param {boolean} isSocket */
function emptyText({ answers, empty }, isSocket) {
  return isSocket || answers === 0 ? '–' : `${((100 * empty) / answers).toFixed(0)}\u00a0%`;
}

/**
 * All bytes but the bodies', for each message.
 *
 * @param {{ delivered: number, bodyBytes: number }} figures
 * @param {{ up: number | null, down: number | null }} counted
 */
function overheadText({ delivered, bodyBytes }, { up, down }) {
  if (up === null || down === null || delivered === 0) return '–';
  return `${bytes(Math.max(0, Math.round((up + down - bodyBytes) / delivered)))}/msg`;
}
