/**
 * Where two techniques cost the same: in bytes, and in requests.
 *
 * @typedef {import('./decide-inputs.js').Inputs} Inputs
 * @typedef {import('./sweep.js').Sweep} Sweep
 * @typedef {import('./types.js').TransportKind} TransportKind
 * @typedef {{ kinds: [TransportKind, TransportKind], rate: number, bytes: number }} Crossing
 *   at `rate` messages per second both cost `bytes` per client and second
 */
import { bisect } from './decide.js';
import { costPerClient } from './decide-costs.js';
import { RANGES } from './decide-inputs.js';

/** @type {[TransportKind, TransportKind][]} */
const PAIRS = [['poll', 'longpoll'], ['poll', 'ws'], ['longpoll', 'ws']];

/** @param {Inputs} inputs @param {Sweep | null} sweep @returns {Crossing[]} by rate */
export function byteCrossings(inputs, sweep) {
  const { stops } = RANGES.rate;
  /** @type {Crossing[]} */
  const crossings = [];
  for (const kinds of PAIRS) {
    const at = (/** @type {number} */ rate) => kinds.map((kind) => costPerClient(kind, { ...inputs, rate }, sweep).bytes);
    const isFewer = (/** @type {number} */ rate) => {
      const [a, b] = at(rate);
      return Number(a?.value) < Number(b?.value);
    };
    const sources = (/** @type {number} */ rate) => at(rate).map(({ source }) => source).join();
    for (const [index, low] of stops.slice(0, -1).entries()) {
      const high = Number(stops[index + 1]);
      if (isFewer(low) === isFewer(high)) continue;
      const [rate, next] = bisect(low, high, (rate) => isFewer(rate) === isFewer(low));
      if (sources(rate) !== sources(next)) continue; // a step from measured to built-in figures
      crossings.push({ kinds, rate, bytes: Number(at(rate)[0]?.value) });
    }
  }
  return crossings.sort((a, b) => a.rate - b.rate);
}

/** The rate above which long polling sends more requests than polling; null if it never does.
 * @param {Inputs} inputs */
export function requestCrossing(inputs) {
  const requests = (/** @type {TransportKind} */ kind, /** @type {number} */ rate) =>
    costPerClient(kind, { ...inputs, rate }, null).requests;
  const isFewer = (/** @type {number} */ rate) => requests('longpoll', rate) < requests('poll', rate);
  const { min, max } = RANGES.rate;
  if (!isFewer(min) || isFewer(max)) return null;
  return bisect(min, max, isFewer)[0];
}

/** The byte curve of a technique at the stops of the slider, for the chart and its table.
 * @param {TransportKind} kind @param {Inputs} inputs @param {Sweep | null} sweep */
export function byteCurve(kind, inputs, sweep) {
  const rates = new Set([...RANGES.rate.stops, ...(sweep?.points[kind] ?? []).map(({ rate }) => rate)]);
  return [...rates]
    .filter((rate) => rate >= RANGES.rate.min && rate <= RANGES.rate.max)
    .sort((a, b) => a - b)
    .map((rate) => ({ rate, ...costPerClient(kind, { ...inputs, rate }, sweep).bytes }));
}

