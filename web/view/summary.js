/**
 * The summary of the panes as curves and as table rows, with the model of each. Below the current
 * segments are the finished ones, so that a switch compares before and after.
 *
 * @typedef {import('../model/network.js').Network} Network
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
 * @typedef {object} SummaryOptions
 * @property {number} rate messages per second in free mode
 * @property {boolean} withModel
 * @property {number | null} at null: now
 */

/** @param {Lab} lab @param {KeptRun[]} kept @param {SummaryOptions} options @returns {Curve[]} */
export function curvesOf(lab, kept, options) {
  const { current, finished } = resultsOf(lab, kept, options);
  return [
    ...finished.map(({ result }) => curveOf(result, null, true)),
    ...current.map(({ result, prediction }) => curveOf(result, prediction, false)),
  ];
}

/** @param {Lab} lab @param {KeptRun[]} kept @param {SummaryOptions} options @returns {Row[]} */
export function rowsOf(lab, kept, options) {
  const { current, finished } = resultsOf(lab, kept, options);
  return [
    ...current.map(({ result, prediction }) => rowOf(result, prediction, '')),
    ...finished.map(({ result, note }) => ({ ...rowOf(result, null, note), isFinished: true })),
  ];
}

/** @param {Lab} lab @param {KeptRun[]} kept @param {SummaryOptions} options */
function resultsOf(lab, kept, { rate, withModel, at }) {
  const results = currentResults(lab, at);
  return {
    current: results.map((result) => ({ result, prediction: withModel ? predictionFor(result, lab, rate) : null })),
    finished: finishedResults(lab, kept, results, at).slice(0, MAX_FINISHED),
  };
}

/** The network of a finished segment, if the pane has another one now.
 * @param {Result} result @param {Result[]} current */
function networkNote({ pane, network }, current) {
  const isSame = current.find((result) => result.pane === pane)?.network === network;
  return isSame ? '' : `${network || 'no delay'}, `;
}

/** Of this run the finished segments; of kept runs what differs from this one.
 * @param {Lab} lab @param {KeptRun[]} kept @param {Result[]} current @param {number | null} at */
function finishedResults(lab, kept, current, at) {
  const isSame = (/** @type {Result} */ a, /** @type {Result | undefined} */ b) =>
    b && a.transport === b.transport && (kindOf(a.transport) !== 'poll' || a.intervalMs === b.intervalMs);
  return [
    ...earlierResults(lab, at)
      .filter(({ latencies }) => latencies.length > 0)
      .map((result) => ({ result, note: `${networkNote(result, current)}before` })),
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
function predictionFor({ transport, pane, intervalMs }, { settings, connection }, publisherRate) {
  const { preset, schedule } = settings;
  const network = settings.paneNetworks[pane] ?? settings.network;
  const perSecond = preset ? preset.rate : publisherRate;
  const isScheduled = (preset?.schedule ?? schedule) !== 'off';
  const isDisturbed = isIrregular(network) || preset?.blockedConnections;
  if (!isScheduled || isDisturbed) return null;
  const { up = 0, down = 0 } = connection.server.labEnabled ? network : {};
  const delays = { delay: down, roundTrip: up + down };
  const outage = outageOf(preset);
  return predict(transport, { rate: perSecond / 1000, intervalMs, ...delays, hold: HOLD_MS, outage });
}

/** The model has constant delays. @param {Network} network */
function isIrregular({ pollDelays, jitter, socketJitter, loss, fault, faultShare }) {
  return Boolean(pollDelays || jitter || socketJitter || loss || (fault && faultShare));
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
  return rateText(requests, seconds);
}

/** Per second; the first second says nothing about a rate.
 * @param {number} requests @param {number} seconds */
export function rateText(requests, seconds) {
  if (seconds < 1) return '–';
  const rate = requests / seconds;
  return rate.toFixed(rate < 1 ? 2 : 1);
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
