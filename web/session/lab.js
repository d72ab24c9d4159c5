/**
 * The lab: three subscribers of one log, a publisher, a simulated network, and a clock to
 * measure with. It does not depend on the page that shows it.
 *
 * @typedef {import('../model/arrivals.js').ArrivalProcess} ArrivalProcess
 * @typedef {import('../model/events.js').LabEvent} LabEvent
 * @typedef {import('../model/events.js').PageEvent} PageEvent
 * @typedef {import('../model/events.js').PaneEvent} PaneEvent
 * @typedef {import('../model/network.js').Network} Network
 * @typedef {import('../model/presets.js').Preset} Preset
 * @typedef {import('../model/presets.js').Settings} Settings
 * @typedef {import('../model/timeline.js').Timeline} Timeline
 * @typedef {import('../model/types.js').PaneId} PaneId
 * @typedef {import('./panes.js').Pane} Pane
 * @typedef {import('./runner.js').LabHooks} LabHooks
 * @typedef {import('./runner.js').LabParts} LabParts
 * @typedef {import('./runner.js').Runner} Runner
 *
 * @typedef {object} RunSnapshot a finished run, to be shown again
 * @property {import('../model/timeline.js').TimelineSnapshot} timeline
 * @property {import('../model/meters.js').MeterCounts} meters
 */
import { bodyOf, dueTimes } from '../model/arrivals.js';
import { meterOf } from '../model/meters.js';
import { DEFAULT_INTERVAL_MS, DEFAULT_TRANSPORTS } from '../model/presets.js';
import { createTimeline } from '../model/timeline.js';
import { createConnection } from './connection.js';
import { createMessages } from './messages.js';
import { randomName } from './names.js';
import { createPanes } from './panes.js';
import { createPublisher, createWorkerTimer } from './publisher.js';
import { createReachability } from './reachability.js';
import { createRunner } from './runner.js';

/** @param {LabHooks} hooks */
export function createLab(hooks) {
  const client = randomName();
  const timeline = createTimeline();
  const record = createRecorder(timeline, hooks);
  /** @type {Settings} */
  const settings = { preset: null, network: {}, paneNetworks: {}, seed: 42, schedule: 'off' };
  const connection = createConnection(client, record, hooks.onChange);
  const messages = createMessages(client, connection, timeline, record, hooks.onChange);
  const { server } = connection;
  const panes = createPanes(client, settings, server, messages.measure, record, timeline);
  const publisher = createPublisher(createWorkerTimer(), (number) => {
    const message = { sender: 'publisher', kind: 'chat', body: bodyOf(number) };
    messages.publish(message).catch((error) => hooks.onRejected(error.message));
  });
  /** @type {LabParts} */
  const parts = { timeline, record, settings, connection, messages, panes, publisher };
  const runner = createRunner(parts, hooks);

  return {
    ...parts,
    start: runner.start,
    stop: runner.stop,
    reset: runner.reset,
    ...createCommands(parts, runner, hooks.onChange),
    /** For a page that is hidden, and may be shown again. */
    disconnect() {
      runner.stop();
      connection.server.disconnect();
    },
    get running() {
      return runner.running;
    },
    bytesOf: createByteCounts(parts, runner),
    /** Since when nothing connects; null while something does. */
    unreachableSince: watchReachability(parts, runner),
    startingSince: runner.startingSince,
  };
}

/** @param {LabParts} parts @param {Runner} runner */
function watchReachability({ connection, panes, timeline }, runner) {
  const reachability = createReachability();
  return () => {
    const statuses = panes.map(({ id }) => timeline.stats(id));
    const since = reachability.lostSince(connection.control.open, statuses, performance.now());
    return runner.running ? since : null;
  };
}

/** Bytes as the server counts them. @param {LabParts} parts @param {Runner} runner */
function createByteCounts({ connection, timeline }, runner) {
  /** Of a segment of a pane; by default of the current one.
   * @param {PaneId} id @param {number} [segment] */
  return (id, segment = timeline.stats(id).segment.number) => {
    const isOutdated = runner.running && !connection.control.open;
    if (isOutdated) return { up: null, down: null };
    return connection.meters.bytesOf(meterOf(id, segment));
  };
}

/** What changes the settings of a run, or a run itself.
 * @param {LabParts} parts @param {Runner} runner @param {() => void} onChange */
function createCommands(parts, runner, onChange) {
  return { ...createSettingCommands(parts, runner, onChange), ...createRunSnapshots(parts, onChange) };
}

/** @param {LabParts} parts @param {() => void} onChange */
function createRunSnapshots({ timeline, connection, panes }, onChange) {
  return {
    /** What a finished run has left. @returns {RunSnapshot} */
    snapshotRun: () => ({ timeline: timeline.snapshot(), meters: connection.meters.snapshot() }),
    /** Shows a finished run of the selected preset again. @param {RunSnapshot} run */
    restoreRun(run) {
      timeline.restore(run.timeline);
      connection.meters.restore(run.meters);
      for (const { id, subscriber } of panes) {
        const { transport, intervalMs } = timeline.stats(id).segment;
        if (transport) subscriber.change({ transport, intervalMs });
      }
      onChange();
    },
  };
}

/** @param {LabParts} parts @param {Runner} runner @param {() => void} onChange */
function createSettingCommands({ record, settings, messages, panes, publisher, timeline }, runner, onChange) {
  return {
    /** @param {ArrivalProcess} schedule @param {number} perSecond */
    setSchedule(schedule, perSecond) {
      settings.schedule = schedule;
      if (schedule === 'off') publisher.stop();
      else publisher.start(dueTimes(schedule, perSecond, settings.seed));
      onChange();
    },
    /** Selects what the next start runs. @param {Preset | null} preset */
    selectPreset(preset) {
      runner.reset();
      Object.assign(settings, { preset, network: preset?.network ?? {}, paneNetworks: {} });
      const { transports = DEFAULT_TRANSPORTS, intervalMs = DEFAULT_INTERVAL_MS } = preset ?? {};
      for (const [index, { subscriber }] of panes.entries()) {
        subscriber.change({ transport: transports[index], intervalMs });
      }
      onChange();
    },
    /** Adds jitter of WebSockets to the network of the preset. @param {number} socketJitter */
    addJitter(socketJitter) {
      settings.network = { ...settings.network, socketJitter };
    },
    /** Changes the network of all panes, or of one, while they run. @param {Network} network
     *  @param {PaneId | null} pane */
    setNetwork(network, pane) {
      if (pane) settings.paneNetworks = { ...settings.paneNetworks, [pane]: network };
      else Object.assign(settings, { network, paneNetworks: {} });
      for (const { id, subscriber } of panes) if (pane === null || id === pane) subscriber.change({});
      onChange();
    },
    visibilityChanged() {
      const isHeld = (/** @type {Pane} */ { id }) => timeline.stats(id).state === 'held';
      if (!document.hidden) messages.resumeMeasuring();
      // A request that was sent while the tab was visible is held too long: send a shorter one.
      else for (const pane of panes.filter(isHeld)) pane.subscriber.change({});
      if (runner.running) record({ type: document.hidden ? 'hidden' : 'visible' });
    },
  };
}

/** Adds events to the timeline, with their time. @param {Timeline} timeline @param {LabHooks} hooks */
function createRecorder(timeline, { onReceipt, onChange }) {
  /** @param {PaneEvent | PageEvent} event @param {PaneId | null} [pane] */
  return (event, pane = null) => {
    const timed = { ...event, at: performance.now(), pane };
    timeline.add(/** @type {LabEvent} */ (timed));
    if ('receipt' in event) onReceipt(event.receipt);
    onChange();
  };
}

/** @typedef {ReturnType<typeof createLab>} Lab */
