/**
 * The summary of the panes as curves and as table rows, with the model of each.
 *
 * @typedef {import('../model/meters.js').ByteCounts} ByteCounts
 * @typedef {import('../model/stats.js').Stats} Stats
 * @typedef {import('../model/theory.js').Prediction} Prediction
 * @typedef {import('../session/lab.js').Lab} Lab
 * @typedef {import('../session/panes.js').Pane} Pane
 * @typedef {import('./comparison.js').Row} Row
 * @typedef {import('./distribution.js').Curve} Curve
 */
import { bytes, durationText } from '../model/format.js';
import { latencySummary } from '../model/stats.js';
import { HOLD_MS, predict } from '../model/theory.js';
import { kindOf } from '../model/types.js';
import { transports } from '../transports/index.js';
import { KIND_LABELS } from './kinds.js';

/**
 * @param {Lab} lab
 * @param {number} publisherRate messages per second in free mode
 * @param {boolean} withModel
 * @returns {{ curve: Curve, row: Row }[]}
 */
export function summaryOf(lab, publisherRate, withModel) {
  return lab.panes.map((pane) => {
    const prediction = withModel ? predictionFor(pane, lab, publisherRate) : null;
    return { curve: curveOf(pane, lab, prediction), row: rowOf(pane, lab, prediction) };
  });
}

/** What the model predicts; null where its assumptions do not hold.
 * @param {Pane} pane @param {Lab} lab @param {number} publisherRate @returns {Prediction | null} */
function predictionFor({ subscriber }, { settings, connection }, publisherRate) {
  const { preset, network, schedule } = settings;
  const perSecond = preset ? preset.rate : publisherRate;
  const isScheduled = (preset?.schedule ?? schedule) !== 'off';
  const isDisturbed = network.pollDelays || network.jitter || preset?.outage;
  if (!isScheduled || isDisturbed || preset?.blockedConnections) return null;
  const delay = connection.server.labEnabled ? (network.delay ?? 0) : 0;
  const { transport, intervalMs } = subscriber;
  return predict(transport, { rate: perSecond / 1000, intervalMs, delay, hold: HOLD_MS });
}

/** @param {Pane} pane @param {Lab} lab @param {Prediction | null} prediction @returns {Curve} */
function curveOf({ id, subscriber: { transport } }, { timeline }, prediction) {
  const kind = kindOf(transport);
  return {
    kind,
    name: `${KIND_LABELS[kind].glyph} ${transports[transport].label}`,
    values: timeline.stats(id).latencies.map(({ ms }) => ms),
    model: prediction?.arrived ?? null,
  };
}

/** @param {Pane} pane @param {Lab} lab @param {Prediction | null} prediction @returns {Row} */
function rowOf({ id, subscriber: { transport } }, lab, prediction) {
  const kind = kindOf(transport);
  const { glyph, name } = KIND_LABELS[kind];
  const stats = lab.timeline.stats(id);
  const { p50, p95, mean } = latencySummary(stats);
  const seconds = measuredSeconds(lab);
  return {
    kind,
    name: `${glyph} ${kind === 'poll' ? transports[transport].label : name}`,
    cells: [
      durationText(p50),
      durationText(p95),
      durationText(mean),
      durationText(prediction?.mean ?? null),
      seconds > 0 ? (stats.requests / seconds).toFixed(1) : '–',
      emptyText(stats, kind === 'ws'),
      overheadText(stats, lab.bytesOf(id)),
    ],
  };
}

/** @param {Lab} lab */
function measuredSeconds({ timeline: { pageStats } }) {
  const { startedAt, stoppedAt } = pageStats;
  return startedAt ? ((stoppedAt ?? performance.now()) - startedAt) / 1000 : 0;
}

/** @param {Stats} stats @param {boolean} isSocket */
function emptyText({ responses, empty }, isSocket) {
  return isSocket || responses === 0 ? '–' : `${((100 * empty) / responses).toFixed(0)}\u00a0%`;
}

/** All bytes except those of the bodies, per message.
 * @param {Stats} stats @param {ByteCounts} counted */
function overheadText({ delivered, bodyBytes }, { up, down }) {
  if (up === null || down === null || delivered === 0) return '–';
  return `${bytes(Math.max(0, Math.round((up + down - bodyBytes) / delivered)))}/msg`;
}
