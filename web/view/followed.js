/**
 * The latencies of the message that is followed, in words.
 *
 * @typedef {import('../session/lab.js').Lab} Lab
 * @typedef {import('../session/selection.js').Selection} Selection
 */
import { latencyText } from '../model/format.js';
import { transportName } from './kinds.js';

/** For the log strip. @param {Lab} lab @param {Selection} selection */
export function followedText(lab, selection) {
  if (selection.version === null) return '';
  const latencies = latenciesOf(lab, selection).map(({ text }) => text ?? '–');
  return `#${selection.version}: ${latencies.join(' · ')}`;
}

/** For screen readers. @param {Lab} lab @param {Selection} selection */
export function spokenText(lab, selection) {
  if (selection.version === null) return '';
  const latencies = latenciesOf(lab, selection).map(({ name, text }) => `${name} ${text ?? 'not arrived'}`);
  return `Message ${selection.version}: ${latencies.join(', ')}.`;
}

/** @param {Lab} lab @param {Selection} selection */
function latenciesOf({ panes }, { arrivalIn }) {
  return panes.map(({ id, subscriber }) => {
    const arrival = arrivalIn(id);
    const name = transportName(subscriber.transport).slice(2); // without its glyph
    return { name, text: arrival && latencyText(arrival.latency) };
  });
}
