/**
 * A run next to the kept one before it, in words.
 *
 * @typedef {import('../model/figures.js').PaneFigures} PaneFigures
 * @typedef {import('../model/presets.js').Preset} Preset
 * @typedef {import('../session/kept.js').KeptRun} KeptRun
 */
import { FIGURES } from '../model/figures.js';
import { capitalize, durationText } from '../model/format.js';
import { transportName } from './kinds.js';
import { headlinesOf } from './headlines.js';

/** @param {Preset | null} preset @param {KeptRun | null} kept @param {PaneFigures[]} figures */
export function comparisonText(preset, kept, figures) {
  if (!preset || !kept) return '';
  const index = figures.findIndex((figure, pane) => kept.figures[pane]?.transport !== figure.transport);
  const [before, now] = [kept.figures[index], figures[index]];
  if (!before || !now) return '';
  const [first, second] = headlinesOf(preset.figure, [before, now]);
  const values = `*${first?.value}* before (${transportName(before.transport)}), *${second?.value}* now (${transportName(now.transport)})`;
  const latencies = `median latency ${durationText(before.latency)} before, ${durationText(now.latency)} now`;
  return `${capitalize(FIGURES[preset.figure].label)}: ${values}${preset.figure === 'latency' ? '' : `; ${latencies}`}.`;
}
