/**
 * The scenario of a preset: what it publishes, types and breaks, and when it ends.
 *
 * @typedef {import('../model/presets.js').Preset} Preset
 * @typedef {import('../model/types.js').MessageContent} MessageContent
 * @typedef {import('../model/types.js').NetworkParams} NetworkParams
 * @typedef {import('./publisher.js').Publisher} Publisher
 *
 * @typedef {object} ScenarioContext
 * @property {Publisher} publisher
 * @property {(message: MessageContent) => Promise<unknown>} publish
 * @property {(down: boolean) => Promise<void>} setLink
 * @property {() => boolean} allUpToDate whether every pane shows the newest message
 * @property {() => boolean} allPollsEnded whether no request is queued, and no poll in flight
 * @property {number} seed
 * @property {boolean} labEnabled
 */
import { dueTimes } from '../model/arrivals.js';
import { QUIET_END_MS, RUN_MS } from '../model/presets.js';
import { createClient } from '../net/client.js';
import { sleep } from '../net/sleep.js';

/** How much longer a run may take for messages that have not arrived yet. */
const MAX_OVERTIME_MS = 1000;

/** The same where connections were blocked: the queued requests are then sent in one burst, and
 * their bytes would depend on where the end of the run cuts it off. */
const MAX_BURST_MS = 4000;

const LETTER_INTERVAL_MS = 150;

/** @param {Preset} preset @param {ScenarioContext} context @param {AbortSignal} signal */
export async function runScenario(preset, context, signal) {
  const { outage, typed } = preset;
  const block = new AbortController();
  blockConnections(preset.blockedConnections ?? 0, context.labEnabled, AbortSignal.any([signal, block.signal]));
  const jobs = [sleep(RUN_MS, signal), publishMessages(preset, context, signal)];
  if (typed) jobs.push(typeText(typed, context.publish, signal));
  if (outage) {
    jobs.push(sleep(outage.from, signal).then(() => context.setLink(true)));
    jobs.push(sleep(outage.to, signal).then(() => context.setLink(false)));
  }
  await Promise.all(jobs);
  block.abort(); // at the server's end, the browser would send them again
  const { isSettled, maxMs } = overtimeOf(preset, context);
  const deadline = performance.now() + maxMs;
  while (!isSettled() && performance.now() < deadline) await sleep(20, signal);
}

/** What the end of a run waits for. @param {Preset} preset @param {ScenarioContext} context */
function overtimeOf({ blockedConnections }, { allUpToDate, allPollsEnded }) {
  if (!blockedConnections) return { isSettled: allUpToDate, maxMs: MAX_OVERTIME_MS };
  return { isSettled: () => allUpToDate() && allPollsEnded(), maxMs: MAX_BURST_MS };
}

/** @param {Preset} preset @param {ScenarioContext} context @param {AbortSignal} signal */
async function publishMessages(preset, { publisher, seed }, signal) {
  if (preset.dueTimes) return publisher.start(preset.dueTimes.values());
  if (preset.schedule === 'off') return;
  publisher.start(dueTimes(preset.schedule, preset.rate, seed));
  await sleep(RUN_MS - QUIET_END_MS, signal);
  publisher.stop();
}

/** Sends requests that never get a response: each takes one of the browser's connections.
 * @param {number} count @param {boolean} labEnabled @param {AbortSignal} signal */
function blockConnections(count, labEnabled, signal) {
  /** @type {NetworkParams} */
  const params = labEnabled ? { fault: 'hang' } : {};
  const client = createClient(() => {}, () => params);
  for (let number = 0; number < count; number++) {
    client.request('/longpoll', { since: 0, epoch: null }, signal).catch(() => {});
  }
}

/** @param {string} text @param {ScenarioContext['publish']} publish @param {AbortSignal} signal */
async function typeText(text, publish, signal) {
  const startedAt = performance.now();
  for (let letters = 1; performance.now() - startedAt < RUN_MS - QUIET_END_MS; letters++) {
    const body = text.repeat(Math.ceil(letters / text.length)).slice(0, letters);
    publish({ sender: 'publisher', kind: 'text', body }).catch(() => {});
    await sleep(startedAt + letters * LETTER_INTERVAL_MS - performance.now(), signal);
  }
}
