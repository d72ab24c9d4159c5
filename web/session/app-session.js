/**
 * An app on one or three transports: each pane is a client of its own, with its model of the log.
 *
 * @typedef {import('../model/events.js').LabEvent} LabEvent
 * @typedef {import('../model/events.js').PageEvent} PageEvent
 * @typedef {import('../model/events.js').PaneEvent} PaneEvent
 * @typedef {import('../model/events.js').Receipt} Receipt
 * @typedef {import('../model/types.js').Cursor} Cursor
 * @typedef {import('../model/types.js').PaneId} PaneId
 * @typedef {import('../model/types.js').TransportId} TransportId
 * @typedef {import('./apps/context.js').Context} Context
 * @typedef {import('./apps/context.js').Update} Update
 * @typedef {import('./panes.js').Pane} Pane
 *
 * @typedef {object} AppModel what all models have in common
 * @property {(update: Update) => void} receive
 * @property {(gap: import('../model/types.js').Gap, since: number) => void} skip
 *   The log continues after this version.
 * @property {() => { entries: any[] }} store what is pending, for a reload
 * @property {(stored: any, isSameLog: boolean) => void} adopt
 * @property {() => void} flush sends what is held back
 * @property {boolean} isReady
 * @property {number} pending
 * @property {number} version
 * @property {object} content
 *
 * @typedef {object} SessionHooks
 * @property {() => void} onChange
 * @property {(pane: PaneId, text: string) => void} onNotice
 * @property {(pane: PaneId, offer: import('./apps/context.js').Offer) => void} onOffer
 * @property {(pane: PaneId, messages: import('../model/types.js').Message[], isNew: boolean) => void} onMessages
 *   `isNew` is false for those from before the start.
 * @property {(pane: PaneId) => string} senderName
 * @property {(key: string) => string | null} read  of what a reload needs
 * @property {(key: string, value: string) => void} write
 */
import { meterOf } from '../model/meters.js';
import { createTimeline } from '../model/timeline.js';
import { createConnection } from './connection.js';
import { createMessages } from './messages.js';
import { randomName } from './names.js';
import { createPanes } from './panes.js';
import { readLog } from './server.js';

/**
 * @template {AppModel} Model
 * @param {string} name of the app
 * @param {TransportId[]} transports of the panes, one or three
 * @param {(context: Context) => Model} createModel
 * @param {SessionHooks} hooks
 */
export function createAppSession(name, transports, createModel, hooks) {
  const client = randomName();
  const timeline = createTimeline();
  /** @type {Map<PaneId, { model: Model, pane: Pane }>} */
  const clients = new Map();
  let epoch = '';

  /** @param {PaneEvent | PageEvent} event @param {PaneId | null} [pane] */
  function record(event, pane = null) {
    timeline.add(/** @type {LabEvent} */ ({ ...event, at: performance.now(), pane }));
    if ('receipt' in event && pane) receive(pane, event.receipt);
    hooks.onChange();
  }

  /** @param {PaneId} id @param {Receipt} receipt */
  function receive(id, { newMessages, gap, head }) {
    const model = clients.get(id)?.model;
    if (!model) return;
    if (gap) {
      epoch = gap.gap.epoch;
      return model.skip(gap.gap, gap.gap.reason === 'ahead' ? gap.gap.head : gap.gap.oldest - 1);
    }
    const messages = newMessages.map(({ message }) => message);
    const version = messages.at(-1)?.version ?? model.version;
    if (messages.length > 0 || !model.isReady) model.receive({ messages, version, head });
    if (messages.length > 0) hooks.onMessages(id, messages, true);
  }

  const connection = createConnection(client, record, hooks.onChange);
  const messages = createMessages(client, connection, timeline, record, hooks.onChange);
  /** @type {import('../model/presets.js').Settings} */
  const settings = { preset: null, network: {}, paneNetworks: {}, seed: 42, schedule: 'off' };
  const panes = createPanes(client, settings, connection.server, messages.measure, record, timeline);
  const used = transports.length === 1 ? panes.slice(-1) : panes;
  for (const [index, { subscriber }] of used.entries()) subscriber.change({ transport: transports[index] });
  const keyOf = (/** @type {PaneId} */ id) => `trifold.${name}.${used.length}.${id}`;

  /** @param {Pane} pane @param {number} since */
  function open(pane, since) {
    const { id } = pane;
    const model = createModel({
      author: `${client}.${id}`,
      since,
      senderName: () => hooks.senderName(id),
      publish: (kind, body, messageId) =>
        messages.publish({ sender: hooks.senderName(id), kind, body }, messageId),
      online: () => connection.online,
      onChange: hooks.onChange,
      onNotice: (text) => hooks.onNotice(id, text),
      onOffer: (offer) => hooks.onOffer(id, offer),
    });
    clients.set(id, { model, pane });
    const stored = JSON.parse(hooks.read(keyOf(id)) ?? 'null');
    if (stored) model.adopt(stored, stored.epoch === epoch);
  }

  /** Connects, reads the log, and continues from there on the transports. */
  async function start() {
    await connection.server.connect();
    connection.meters.reset();
    await connection.meters.ready;
    const { signal } = connection.server;
    /** @type {Cursor} */
    let cursor = { since: 0, epoch: null };
    for await (const { first, update } of readLog(signal)) {
      cursor = { since: update.version, epoch: update.epoch };
      epoch = update.epoch;
      if (first !== null) for (const pane of used) open(pane, first);
      for (const [id, { model }] of clients) {
        model.receive(update);
        hooks.onMessages(id, update.messages, false);
      }
    }
    record({ type: 'start', since: cursor.since });
    for (const { subscriber } of used) subscriber.start(cursor);
  }

  return {
    start,
    timeline,
    /** Publishes a message that belongs to no model. @param {import('../model/types.js').MessageContent} message */
    publish: (message) => messages.publish(message),
    /** Whether a message was published by this page. @param {string} id */
    isOwn: (id) => id.startsWith(client),
    connection,
    panes: used,
    /** Of a pane; undefined until the log was read. @param {PaneId} id */
    model: (id) => clients.get(id)?.model,
    /** Keeps what is pending for a reload. */
    store() {
      for (const [id, { model }] of clients) {
        model.flush();
        hooks.write(keyOf(id), JSON.stringify({ ...model.store(), epoch }));
      }
    },
    /** @param {PaneId} id */
    bytesOf(id) {
      if (!connection.control.open) return { up: null, down: null };
      return connection.meters.bytesOf(meterOf(id, timeline.stats(id).segment.number));
    },
    stop() {
      for (const { subscriber } of used) subscriber.stop();
      connection.server.disconnect();
    },
    visibilityChanged() {
      if (!document.hidden) messages.resumeMeasuring();
    },
  };
}

/** @typedef {ReturnType<typeof createAppSession>} AppSession */
