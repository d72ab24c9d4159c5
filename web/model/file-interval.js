/**
 * The polling interval of a loaded report: it replaces the chosen one, because the costs of
 * polling depend on it, until the report is removed.
 *
 * @typedef {import('./decide-inputs.js').Inputs} Inputs
 * @typedef {import('./sweep.js').Sweep} Sweep
 * @typedef {{ former: number | null, used: number }} FileInterval in milliseconds
 */
import { parseNumber } from './decide-inputs.js';

/** Whether the interval is still that of the report. @param {Inputs} inputs
 *  @param {FileInterval | null} fileInterval */
export function isFileInterval({ interval }, fileInterval) {
  return fileInterval !== null && interval === fileInterval.used;
}

/**
 * The inputs with a report that was just loaded, or without the one that was removed: then the
 * former interval is restored, unless it was changed meanwhile.
 * @param {Inputs} inputs @param {Sweep | null} sweep
 * @param {FileInterval | null} replaced by the report before
 * @returns {{ inputs: Inputs, fileInterval: FileInterval | null }}
 */
export function withFileInterval(inputs, sweep, replaced) {
  const former = replaced && isFileInterval(inputs, replaced) ? replaced.former : inputs.interval;
  const found = sweep?.interval ?? null;
  if (found === null) return { inputs: { ...inputs, interval: former }, fileInterval: null };
  const used = parseNumber('interval', found.toFixed()).value;
  return { inputs: { ...inputs, interval: used }, fileInterval: { former, used } };
}
