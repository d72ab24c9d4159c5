/**
 * The summary of the panes as curves and as table rows, with the model of each. Below the current
 * segments are the finished ones, so that a switch compares before and after.
 *
 * @typedef {import('../model/presets.js').Preset} Preset
 * @typedef {import('../model/theory.js').Prediction} Prediction
 * @typedef {import('../session/kept.js').KeptRun} KeptRun
 * @typedef {import('../session/lab.js').Lab} Lab
 * @typedef {import('../session/results.js').Result} Result
 * @typedef {import('./comparison.js').Row} Row
 * @typedef {import('./distribution.js').Curve} Curve
 */
import { bytes, count, durationText } from '../model/format.js';
import { QUIET_END_MS, RUN_MS } from '../model/presets.js';
import { latencySummary } from '../model/stats.js';
import { HOLD_MS, predict } from '../model/theory.js';
import { kindOf } from '../model/types.js';
import { currentResults, earlierResults } from '../session/results.js';
import { transportName } from './kinds.js';

/** Finished segments and kept results that are shown; the newest. */
const MAX_FINISHED = 3;

/**
 * @param {Lab} lab
 * @param {KeptRun[]} kept
 * @param {object} options
 * @param {number} options.rate messages per second in free mode
 * @param {boolean} options.withModel
 * @param {number | null} options.at null: now
 * @returns {{ curves: Curve[], rows: Row[] }}
 */
export function summaryOf(lab, kept, { rate, withModel, at }) {
  const current = currentResults(lab, at);
  const finished = finishedResults(lab, kept, current).slice(0, MAX_FINISHED);
  const predictions = current.map((result) => (withModel ? predictionFor(result, lab, rate) : null));
  return {
    curves: [
      ...finished.map(({ result }) => curveOf(result, null, true)),
      ...current.map((result, index) => curveOf(result, predictions[index] ?? null, false)),
    ],
    rows: [
      ...current.map((result, index) => rowOf(result, predictions[index] ?? null, '')),
      ...finished.map(({ result, note }) => ({ ...rowOf(result, null, note), isFinished: true })),
    ],
  };
}

/** Of this run the finished segments; of kept runs what differs from this one.
 * @param {Lab} lab @param {KeptRun[]} kept @param {Result[]} current */
function finishedResults(lab, kept, current) {
  const isSame = (/** @type {Result} */ a, /** @type {Result | undefined} */ b) =>
    b && a.transport === b.transport && a.intervalMs === b.intervalMs;
  return [
    ...earlierResults(lab).map((result) => ({ result, note: 'before' })),
    ...kept.flatMap(({ results, preset, isPinned }) => {
      const note = preset === lab.settings.preset ? 'kept' : `kept, ${preset?.name ?? 'Free'}`;
      return results
        .filter((result, index) => isPinned || !isSame(result, current[index]))
        .map((result) => ({ result, note }));
    }),
  ];
}

/** What the model predicts; null where its assumptions do not hold.
 * @param {Result} result @param {Lab} lab @param {number} publisherRate @returns {Prediction | null} */
function predictionFor({ transport, pane }, { settings, connection, panes }, publisherRate) {
  const { preset, network, schedule } = settings;
  const perSecond = preset ? preset.rate : publisherRate;
  const isScheduled = (preset?.schedule ?? schedule) !== 'off';
  const isDisturbed = network.pollDelays || network.jitter || preset?.blockedConnections;
  if (!isScheduled || isDisturbed) return null;
  const delay = connection.server.labEnabled ? (network.delay ?? 0) : 0;
  const intervalMs = panes.find(({ id }) => id === pane)?.subscriber.intervalMs ?? 0;
  const outage = outageOf(preset);
  return predict(transport, { rate: perSecond / 1000, intervalMs, delay, hold: HOLD_MS, outage });
}

/** @param {Preset | null} preset */
function outageOf(preset) {
  if (!preset?.outage) return undefined;
  const ms = preset.outage.to - preset.outage.from;
  return { ms, share: ms / (RUN_MS - QUIET_END_MS) };
}

/** @param {Result} result @param {Prediction | null} prediction @param {boolean} isFinished
 *  @returns {Curve} */
function curveOf({ transport, latencies }, prediction, isFinished) {
  return {
    kind: kindOf(transport),
    name: transportName(transport),
    values: latencies.map(({ ms }) => ms),
    model: prediction?.arrived ?? null,
    isFinished,
  };
}

/** @param {Result} result @param {Prediction | null} prediction @param {string} note @returns {Row} */
function rowOf(result, prediction, note) {
  const { p50, p95, mean } = latencySummary(result);
  return {
    kind: kindOf(result.transport),
    name: transportName(result.transport) + (note && `, ${note}`),
    isFinished: false,
    cells: [
      count(result.latencies.length),
      durationText(p50),
      durationText(p95),
      durationText(mean),
      modelText(prediction),
      requestsText(result),
      emptyText(result),
      overheadText(result),
    ],
  };
}

/** Without simulated delay the model has none either, and the machine some.
 * @param {Prediction | null} prediction */
function modelText(prediction) {
  if (prediction === null) return '–';
  return prediction.mean < 1 ? '<\u00a01\u00a0ms' : durationText(prediction.mean);
}

/** @param {Result} result */
function requestsText({ transport, requests, seconds }) {
  if (kindOf(transport) === 'ws') return requests === 1 ? '1 handshake' : `${count(requests)} handshakes`;
  return seconds > 0 ? (requests / seconds).toFixed(1) : '–';
}

/** @param {Result} result */
function emptyText({ transport, responses, empty }) {
  if (kindOf(transport) === 'ws' || responses === 0) return '–';
  return `${((100 * empty) / responses).toFixed(0)}\u00a0%`;
}

/** All bytes except those of the bodies, per message. @param {Result} result */
function overheadText({ received, bodyBytes, bytes: { up, down } }) {
  if (up === null || down === null || received === 0) return '–';
  return `${bytes(Math.max(0, Math.round((up + down - bodyBytes) / received)))}/msg`;
}
