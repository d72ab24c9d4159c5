/**
 * Starts and stops runs. With a preset the measurement starts from 0; in free mode it
 * continues.
 *
 * @typedef {import('../model/events.js').PageEvent} PageEvent
 * @typedef {import('../model/events.js').PaneEvent} PaneEvent
 * @typedef {import('../model/events.js').Receipt} Receipt
 * @typedef {import('../model/presets.js').Settings} Settings
 * @typedef {import('../model/timeline.js').Timeline} Timeline
 * @typedef {import('../model/types.js').Cursor} Cursor
 * @typedef {import('../model/types.js').Message} Message
 * @typedef {import('../model/types.js').PaneId} PaneId
 * @typedef {import('./connection.js').Connection} Connection
 * @typedef {import('./messages.js').Messages} Messages
 * @typedef {import('./panes.js').Pane} Pane
 * @typedef {import('./publisher.js').Publisher} Publisher
 *
 * @typedef {object} LabParts
 * @property {Timeline} timeline
 * @property {(event: PaneEvent | PageEvent, pane?: PaneId | null) => void} record
 * @property {Settings} settings
 * @property {Connection} connection
 * @property {Messages} messages
 * @property {Pane[]} panes
 * @property {Publisher} publisher
 *
 * @typedef {object} LabHooks
 * @property {(messages: Message[]) => void} onHistory
 * @property {() => void} onChange
 * @property {(reason: string) => void} onRejected a message was not published
 * @property {(receipt: Receipt) => void} onReceipt
 * @property {(signal: AbortSignal) => Promise<void>} runAntipatterns
 */
import { kindOf } from '../model/types.js';
import { abortedController } from '../net/abort.js';
import { runScenario } from './scenario.js';
import { loadHistory } from './server.js';

/** @param {LabParts} lab @param {LabHooks} hooks */
export function createRunner(lab, hooks) {
  let run = abortedController();
  let requestedAt = 0;
  const isRunning = () => !run.signal.aborted;

  async function start() {
    if (isRunning()) return;
    run = new AbortController();
    requestedAt = performance.now();
    hooks.onChange();
    await runToEnd(lab, hooks, run.signal, stop);
  }

  /** @param {boolean} [isComplete] whether a lesson has reached its end */
  function stop(isComplete = false) {
    if (!isRunning()) return;
    run.abort();
    stopActivity(lab, isComplete);
  }

  return {
    start,
    stop: () => stop(),
    reset() {
      stop();
      clearMeasurement(lab);
      hooks.onChange();
    },
    get running() {
      return isRunning();
    },
    /** Since when a start waits for the server; null if none does. */
    startingSince() {
      const isStarting = isRunning() && lab.timeline.pageStats.startedAt < requestedAt;
      return isStarting ? requestedAt : null;
    },
  };
}

/** @param {LabParts} lab @param {LabHooks} hooks @param {AbortSignal} signal
 *  @param {(isComplete?: boolean) => void} stop */
async function runToEnd(lab, hooks, signal, stop) {
  try {
    await execute(lab, hooks, await prepare(lab, hooks, signal), signal);
    signal.throwIfAborted();
    if (lab.settings.preset) stop(true);
  } catch (error) {
    if (signal.aborted) return;
    stop();
    throw error;
  }
}

/** Stops what a run has started. @param {LabParts} lab @param {boolean} isComplete */
function stopActivity({ settings, connection, panes, publisher, record }, isComplete) {
  publisher.stop();
  settings.schedule = 'off';
  connection.link.set(false);
  for (const { subscriber } of panes) subscriber.stop();
  record({ type: 'stop', isComplete });
}

/** @param {LabParts} lab */
function clearMeasurement({ timeline, connection, panes }) {
  for (const pane of panes) pane.reset();
  timeline.clear();
  connection.meters.reset();
}

/** Connects, resets the meters, and finds the cursor to start from.
 * @param {LabParts} lab @param {LabHooks} hooks @param {AbortSignal} signal
 * @returns {Promise<Cursor>} */
async function prepare(lab, hooks, signal) {
  const { settings, connection, timeline } = lab;
  await connection.server.connect();
  signal.throwIfAborted();
  if (settings.preset) clearMeasurement(lab);
  else if (timeline.pageStats.startedAt === 0) connection.meters.reset();
  await connection.meters.ready; // earlier requests would be lost in the reset
  signal.throwIfAborted();
  if (timeline.pageStats.startedAt > 0) return { since: 0, epoch: null }; // panes have cursors
  const { cursor, messages } = await loadHistory(signal);
  hooks.onHistory(messages);
  return cursor;
}

/** Resolves when the preset ends; in free mode at once.
 * @param {LabParts} lab @param {LabHooks} hooks @param {Cursor} cursor @param {AbortSignal} signal */
async function execute(lab, hooks, cursor, signal) {
  const { preset, seed } = lab.settings;
  const { link, server } = lab.connection;
  lab.record({ type: 'start', since: cursor.since });
  lab.record({ type: document.hidden ? 'hidden' : 'visible' });
  if (preset?.antipatterns) return hooks.runAntipatterns(signal);
  for (const { subscriber } of lab.panes) subscriber.start(cursor);
  if (!preset) return;
  const context = {
    publisher: lab.publisher,
    publish: lab.messages.publish,
    setLink: link.set,
    allUpToDate: () => allUpToDate(lab),
    allPollsEnded: () => allPollsEnded(lab),
    seed,
    labEnabled: server.labEnabled === true,
  };
  await runScenario(preset, context, signal);
}

/** Whether every pane shows the newest message. @param {LabParts} lab */
function allUpToDate({ panes, timeline }) {
  const { newestPublished, newestRemote } = timeline.pageStats;
  const newest = Math.max(newestPublished, newestRemote);
  return panes.every(({ id }) => timeline.stats(id).shown >= newest);
}

/** Whether no request is queued, and no poll is in flight. A long poll always is.
 * @param {LabParts} lab */
function allPollsEnded({ panes, timeline }) {
  return panes.every(({ id, subscriber }) => {
    const { queued, inFlight } = timeline.stats(id);
    return queued === 0 && (kindOf(subscriber.transport) !== 'poll' || inFlight === 0);
  });
}

/** @typedef {ReturnType<typeof createRunner>} Runner */
