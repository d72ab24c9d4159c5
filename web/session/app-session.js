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
 * @typedef {import('../model/meters.js').ByteCounts} ByteCounts
 * @typedef {import('../model/presets.js').Settings} Settings
 * @typedef {import('../model/types.js').Gap} Gap
 * @typedef {import('../model/types.js').Message} Message
 * @typedef {import('../model/types.js').MessageContent} MessageContent
 *
 * @typedef {object} AppModel what all models have in common
 * @property {(update: Update) => void} receive
 * @property {(gap: Gap, since: number) => void} skip
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
 * @property {(pane: PaneId, messages: Message[], isNew: boolean) => void} onMessages
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

export class AppSession {
  #name;
  #client = randomName();
  #createModel;
  #hooks;
  #messages;
  /** @type {Map<PaneId, AppModel>} */
  #models = new Map();
  #epoch = '';

  /**
   * @param {string} name of the app
   * @param {TransportId[]} transports of the panes, one or three
   * @param {(context: Context) => AppModel} createModel
   * @param {SessionHooks} hooks
   */
  constructor(name, transports, createModel, hooks) {
    const client = this.#client;
    const record = (/** @type {PaneEvent | PageEvent} */ event, /** @type {PaneId | null} */ pane = null) =>
      this.#record(event, pane);
    this.#name = name;
    this.#createModel = createModel;
    this.#hooks = hooks;
    this.timeline = createTimeline();
    this.connection = createConnection(client, record, hooks.onChange);
    this.#messages = createMessages(client, this.connection, this.timeline, record, hooks.onChange);
    /** @type {Settings} */
    const settings = { preset: null, network: {}, paneNetworks: {}, seed: 42, schedule: 'off' };
    const panes = createPanes(client, settings, this.connection.server, this.#messages.measure, record, this.timeline);
    this.panes = transports.length === 1 ? panes.slice(-1) : panes;
    for (const [index, { subscriber }] of this.panes.entries()) subscriber.change({ transport: transports[index] });
  }

  /** Connects, reads the log, and continues from there on the transports. */
  async start() {
    const { server, meters } = this.connection;
    await server.connect();
    meters.reset();
    await meters.ready;
    /** @type {Cursor} */
    let cursor = { since: 0, epoch: null };
    for await (const { first, update } of readLog(server.signal)) {
      cursor = { since: update.version, epoch: update.epoch };
      this.#epoch = update.epoch;
      if (first !== null) for (const { id } of this.panes) this.#open(id, first);
      for (const [id, model] of this.#models) {
        model.receive(update);
        this.#hooks.onMessages(id, update.messages, false);
      }
    }
    this.#record({ type: 'start', since: cursor.since });
    for (const { subscriber } of this.panes) subscriber.start(cursor);
  }

  stop() {
    for (const { subscriber } of this.panes) subscriber.stop();
    this.connection.server.disconnect();
  }

  /** Keeps what is pending for a reload. */
  store() {
    for (const [id, model] of this.#models) {
      model.flush();
      this.#hooks.write(this.#keyOf(id), JSON.stringify({ ...model.store(), epoch: this.#epoch }));
    }
  }

  /** Of a pane; undefined until the log is read. @param {PaneId} id */
  model(id) {
    return this.#models.get(id);
  }

  /** Publishes a message that belongs to no model. @param {MessageContent} message */
  publish(message) {
    return this.#messages.publish(message);
  }

  /** Whether a message was published by this page. @param {string} id */
  isOwn(id) {
    return id.startsWith(this.#client);
  }

  /** @param {PaneId} id @returns {ByteCounts} */
  bytesOf(id) {
    const { control, meters } = this.connection;
    if (!control.open) return { up: null, down: null };
    return meters.bytesOf(meterOf(id, this.timeline.stats(id).segment.number));
  }

  visibilityChanged() {
    if (!document.hidden) this.#messages.resumeMeasuring();
  }

  /** @param {PaneEvent | PageEvent} event @param {PaneId | null} [pane] */
  #record(event, pane = null) {
    this.timeline.add(/** @type {LabEvent} */ ({ ...event, at: performance.now(), pane }));
    if ('receipt' in event && pane) this.#receive(pane, event.receipt);
    this.#hooks.onChange();
  }

  /** @param {PaneId} id @param {Receipt} receipt */
  #receive(id, { newMessages, gap, head }) {
    const model = this.#models.get(id);
    if (!model) return;
    if (gap) return this.#skip(model, gap.gap);
    const messages = newMessages.map(({ message }) => message);
    const version = messages.at(-1)?.version ?? model.version;
    if (messages.length > 0 || !model.isReady) model.receive({ messages, version, head });
    if (messages.length > 0) this.#hooks.onMessages(id, messages, true);
  }

  /** @param {AppModel} model @param {Gap} gap */
  #skip(model, gap) {
    this.#epoch = gap.epoch;
    model.skip(gap, gap.reason === 'ahead' ? gap.head : gap.oldest - 1);
  }

  /** @param {PaneId} id @param {number} since */
  #open(id, since) {
    const hooks = this.#hooks;
    const senderName = () => hooks.senderName(id);
    const model = this.#createModel({
      author: `${this.#client}.${id}`,
      since,
      senderName,
      publish: (kind, body, messageId) => this.#messages.publish({ sender: senderName(), kind, body }, messageId),
      online: () => this.connection.online,
      onChange: hooks.onChange,
      onNotice: (text) => hooks.onNotice(id, text),
      onOffer: (offer) => hooks.onOffer(id, offer),
    });
    this.#models.set(id, model);
    const stored = JSON.parse(hooks.read(this.#keyOf(id)) ?? 'null');
    if (stored) model.adopt(stored, stored.epoch === this.#epoch);
  }

  /** @param {PaneId} id */
  #keyOf(id) {
    return `trifold.${this.#name}.${this.panes.length}.${id}`;
  }
}
