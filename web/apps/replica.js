/**
 * A replica: what one client holds of a board or a document.
 *
 * It is the state that the log confirms, with this client's own pending changes on top. When
 * messages arrive, the pending changes are taken back, the log's are applied, and the pending
 * ones are applied again. So what is shown is at every moment the fold of the log, and then
 * the pending changes.
 *
 * @typedef {import('../model/types.js').Message} Message
 * @typedef {import('./mergeable.js').App} App
 * @typedef {import('./mergeable.js').Outcome} Outcome
 *
 * @typedef {object} Entry a change of this client that it has not read from the log yet
 * @property {string} id  of its message, so that a retry is safe
 * @property {string} run prefix of the ids of what it inserts; stays when `id` changes
 * @property {any} change
 * @property {number} base the version that its author saw
 * @property {'draft' | 'sent' | 'rejected'} status
 * @property {number | null} version as the server acknowledged it
 * @property {(() => void) | null} undo takes it back; null while it is not applied
 *
 * @typedef {{ version: number, entries: Pick<Entry, 'id' | 'base' | 'run' | 'change'>[] }} Stored
 *   The pending changes of a page, and the version that it had read.
 *
 * @typedef {object} ReplicaOptions
 * @property {number} since the version before the first message that it will receive
 * @property {() => string} nextId
 * @property {(id: string, body: object) => void} send
 * @property {(changes: any[]) => void} onLost changes of this client that are impossible now
 * @property {number} [maxAge]
 * @property {number} [snapshotInterval] versions
 */
import { PENDING } from './list.js';
import { Snapshots } from './snapshots.js';

/**
 * In versions. An older change has no effect, for any client, and its author makes it again. So
 * no change can refer to a tombstone that is older, and the list stays bounded.
 */
export const MAX_AGE = 2000;

export class Replica {
  #app;
  #options;
  #snapshots;
  /** What the page had read whose changes were adopted. */
  #adoptedAt = 0;

  /** @param {App} app @param {ReplicaOptions} options */
  constructor(app, options) {
    const { since, snapshotInterval, maxAge = MAX_AGE } = options;
    this.#app = app;
    this.#options = { ...options, maxAge };
    this.#snapshots = new Snapshots(app, since, snapshotInterval);
    /** Up to here the log was read. */
    this.version = since;
    /** Null until a snapshot has arrived. @type {any} */
    this.state = since === 0 ? app.create() : null;
    /** @type {Entry[]} */
    this.pending = [];
  }

  /** Whether it can be changed. Until then a snapshot is missing, or part of the log. */
  get isReady() {
    return this.state !== null && this.version >= this.#adoptedAt;
  }

  /** Applies what the log has after `version` so far. @param {Message[]} messages in order
   *  @param {number} version of the log up to which it was read */
  receive(messages, version) {
    this.#takeBack();
    for (const message of messages) if (message.kind === this.#app.kind) this.#receiveMessage(message);
    this.version = version;
    if (this.state === null) return;
    this.#settleSkipped();
    if (this.pending.length === 0) this.#app.purge(this.state, version - this.#options.maxAge);
    this.#replay();
  }

  /** The log has no longer all messages after the version. @param {number} version before the
   * next message that it will receive */
  skipTo(version) {
    this.#takeBack();
    this.#snapshots.restart(version);
    this.version = version;
    this.state = version === 0 ? this.#app.create() : null;
  }

  /** Makes a change. It stays a draft until it is transmitted. @param {any} change */
  add(change) {
    const id = this.#options.nextId();
    const undo = this.#app.apply(this.state, change, id, PENDING);
    /** @type {Entry} */
    const entry = { id, run: id, change, base: this.version, status: 'draft', version: null, undo };
    this.pending.push(entry);
    return entry;
  }

  /** Replaces a draft, which is the last entry. @param {Entry} entry @param {any} change */
  revise(entry, change) {
    entry.undo?.();
    Object.assign(entry, { change, undo: this.#app.apply(this.state, change, entry.run, PENDING) });
  }

  /** Drops a draft, which is the last entry. */
  drop() {
    this.pending.pop()?.undo?.();
  }

  /** @param {Entry} entry */
  transmit(entry) {
    const { id, base, run, change } = entry;
    entry.status = 'sent';
    this.#options.send(id, { type: 'change', base, run, change });
  }

  /** The server has appended the message. @param {string} id @param {number} version */
  acknowledge(id, version) {
    const entry = this.pending.find((one) => one.id === id);
    if (entry) entry.version = version;
  }

  /** The server has rejected the message: the change is taken back. @param {string} id
   * @returns {any} the change */
  reject(id) {
    this.#takeBack();
    const rejected = this.pending.find((entry) => entry.id === id);
    this.pending = this.pending.filter((entry) => entry !== rejected);
    if (this.state !== null) this.#replay();
    return rejected?.change;
  }

  /** What the next page needs to continue. @returns {Stored} */
  store() {
    const entries = this.pending.map(({ id, base, run, change }) => ({ id, base, run, change }));
    return { version: Math.max(this.version, this.#adoptedAt), entries };
  }

  /** Continues for an earlier page, whose messages are sent again. @param {Stored} stored */
  adopt({ version, entries }) {
    this.#adoptedAt = version;
    for (const { id, run, change, base } of entries) {
      this.pending.push({ id, run, change, base, status: 'sent', version: null, undo: null });
    }
    if (this.state !== null) this.#replay();
  }

  get isSnapshotDue() {
    return this.state !== null && this.#snapshots.isDue(this.version);
  }

  /** The parts of a snapshot of what is confirmed. @param {string} name */
  snapshot(name) {
    this.#takeBack();
    const parts = this.#app.save(this.state);
    this.#replay();
    const { version: through } = this;
    return parts.map((content, part) => ({ type: 'snapshot', name, through, part, parts: parts.length, content }));
  }

  #takeBack() {
    for (const entry of this.pending.toReversed()) entry.undo?.();
    for (const entry of this.pending) entry.undo = null;
  }

  #replay() {
    if (this.version < this.#adoptedAt) return; // the changes may refer to what is not read yet
    /** @type {any[]} */
    const lost = [];
    this.pending = this.pending.filter((entry) => {
      const outcome = this.#replayEntry(entry);
      if (outcome === 'impossible') lost.push(entry.change);
      return outcome === 'pending';
    });
    for (const entry of this.pending.filter(({ status }) => status === 'rejected')) {
      entry.base = this.version;
      this.transmit(entry);
    }
    if (lost.length > 0) this.#options.onLost(lost);
  }

  /** Acknowledged changes that were not among the messages: the log has them, and a snapshot covers
   * them. Those that had no effect are made again: they were too old, or refer to another one
   * that is not in the log. */
  #settleSkipped() {
    /** @type {Set<string>} */
    const missing = new Set();
    this.pending = this.pending.filter((entry) => {
      const { version, base, change, run } = entry;
      const isSkipped = version !== null && version <= this.version;
      const isTooOld = version !== null && version - base > this.#options.maxAge;
      const hadNoEffect = isTooOld || this.#app.runsOf(change).some((one) => missing.has(one));
      if (isSkipped && !hadNoEffect) return false;
      if (isSkipped) this.#renew(entry);
      missing.add(run);
      return true;
    });
  }

  /** A change that had no effect gets another message. @param {Entry} entry */
  #renew(entry) {
    Object.assign(entry, { id: this.#options.nextId(), status: 'rejected', version: null });
  }

  /** Applies a pending change again. One that was rejected, or does not fit, is made to fit.
   * @param {Entry} entry @returns {'pending' | Outcome} */
  #replayEntry(entry) {
    const apply = () => this.#app.apply(this.state, entry.change, entry.run, PENDING);
    if (entry.status !== 'rejected') entry.undo = apply();
    if (entry.undo) return 'pending';
    const change = this.#app.rebase(this.state, entry.change, entry.run);
    if (change === 'confirmed' || change === 'impossible') return change;
    entry.change = change;
    entry.undo = apply();
    return 'pending';
  }

  /** @param {Message} message */
  #receiveMessage(message) {
    const received = this.#snapshots.receive(message, this.state === null);
    this.state = received.state ?? this.state;
    for (const change of received.changes) if (isValid(this.#app, change.body)) this.#applyMessage(change);
  }

  /** @param {Message} message */
  #applyMessage({ id, version, body }) {
    const { base, run, change } = /** @type {any} */ (body);
    const { maxAge } = this.#options;
    const isApplied = version - base <= maxAge && this.#app.apply(this.state, change, run, version) !== null;
    const entry = this.pending.find((one) => one.id === id);
    if (!entry) return;
    if (isApplied) this.pending = this.pending.filter((one) => one !== entry);
    else this.#renew(entry);
  }
}

/** Whether a message is a change. Others have no effect, for any client.
 * @param {App} app @param {any} body */
function isValid(app, body) {
  return (
    body?.type === 'change' &&
    Number.isSafeInteger(body.base) &&
    typeof body.run === 'string' &&
    body.run !== '' &&
    app.isChange(body.change)
  );
}
