/**
 * The run of a preset: what it publishes, breaks and types, and when it is over.
 *
 * @typedef {import('../net/client.js').Conditions} Conditions
 * @typedef {import('../model/presets.js').Preset} Preset
 * @typedef {import('./publisher.js').Publisher} Publisher
 *
 * @typedef {object} Stage what a run moves
 * @property {Publisher} publisher
 * @property {(message: { sender: string, kind: string, body: unknown }) => Promise<void>} publish
 * @property {(down: boolean) => Promise<void>} setLink
 * @property {() => boolean} settled whether every pane shows the newest message
 * @property {number} seed
 * @property {boolean} hasLab
 */
import { sleep } from '../net/sleep.js';
import { createWire } from '../net/client.js';
import { RUN_MS } from '../model/presets.js';
import { schedule } from './publisher.js';

/** The publisher rests at the end of a run, so that what was said can arrive. */
const REST_MS = 2500;

/** How long a run may go on, beyond its time, for what is still under way. */
const SETTLE_MS = 1000;

/** How often a letter is typed, where a preset types. */
const LETTER_EVERY_MS = 150;

/** @param {Preset} preset @param {Stage} stage @param {AbortSignal} signal */
export async function perform(preset, stage, signal) {
  const { publisher, setLink, settled } = stage;
  const { at, rhythm, rate, typed, outage } = preset;
  holdConnections(preset.hogs ?? 0, stage.hasLab, signal);
  const jobs = [sleep(RUN_MS, signal)];
  if (at) publisher.start(at.values());
  else if (rhythm !== 'off') {
    publisher.start(schedule(rhythm, rate, stage.seed));
    jobs.push(sleep(RUN_MS - REST_MS, signal).then(publisher.stop));
  }
  if (typed) jobs.push(typeOut(typed, stage.publish, signal));
  if (outage) {
    jobs.push(sleep(outage.from, signal).then(() => setLink(true)));
    jobs.push(sleep(outage.to, signal).then(() => setLink(false)));
  }
  await Promise.all(jobs);
  const last = performance.now() + SETTLE_MS;
  while (!settled() && performance.now() < last) await sleep(20, signal);
}

/** Requests that are held and bring nothing: each takes one of the browser's connections.
 * @param {number} count @param {boolean} hasLab @param {AbortSignal} signal */
function holdConnections(count, hasLab, signal) {
  /** @type {Conditions} */
  const asks = hasLab ? { fault: 'hang' } : {};
  const wire = createWire(() => {}, () => asks);
  for (let held = 0; held < count; held++) {
    wire.ask('/longpoll', { since: 0, epoch: null }, signal).catch(() => {});
  }
}

/** @param {string} text @param {Stage['publish']} publish @param {AbortSignal} signal */
async function typeOut(text, publish, signal) {
  const began = performance.now();
  for (let letters = 1; performance.now() - began < RUN_MS - REST_MS; letters++) {
    const body = text.repeat(Math.ceil(letters / text.length)).slice(0, letters);
    publish({ sender: 'publisher', kind: 'text', body }).catch(() => {});
    await sleep(began + letters * LETTER_EVERY_MS - performance.now(), signal);
  }
}
