/**
 * A replica: what one client holds of a board or a document.
 *
 * It is the state that the log confirms, with this client's own pending changes on top. When
 * messages arrive, the pending changes are taken back, the log's are applied, and the pending
 * ones are applied again. So what is shown is at every moment the fold of the log, and then
 * the pending changes.
 *
 * @typedef {import('../model/types.js').Message} Message
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
 * @typedef {'confirmed' | 'impossible'} Outcome
 *   The state has the change already, or what it refers to no longer exists.
 *
 * @typedef {object} App what a replica needs to know about a kind of state
 * @property {string} kind of its messages
 * @property {() => any} create the state before the first change
 * @property {(change: any) => boolean} isChange
 * @property {(state: any, change: any, run: string, version: number) => (() => void) | null} apply
 *   Returns what takes it back, or null if it refers to what does not exist.
 * @property {(state: any, change: any, run: string) => any | Outcome} rebase
 *   Returns the same change, referring to what is visible now.
 * @property {(state: any, version: number) => void} purge what was deleted up to this version
 * @property {(state: any) => any[][]} save in parts, each small enough for a message
 * @property {(parts: any[][]) => any} load
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
import { createSnapshots } from './snapshots.js';

/**
 * In versions. An older change has no effect, for no client, and its author makes it again. So
 * no change can refer to a tombstone that is older, and the list stays bounded.
 */
export const MAX_AGE = 2000;

/** @param {App} app @param {ReplicaOptions} options */
export function createReplica(app, options) {
  const { since, nextId, send, onLost, maxAge = MAX_AGE } = options;
  const snapshots = createSnapshots(app, since, options.snapshotInterval);
  let confirmed = since;
  let state = since === 0 ? app.create() : null;
  /** @type {Entry[]} */
  let pending = [];
  /** What the page had read whose changes were adopted. */
  let adoptedAt = 0;

  function takeBack() {
    for (const entry of pending.toReversed()) entry.undo?.();
    for (const entry of pending) entry.undo = null;
  }

  function replay() {
    /** @type {any[]} */
    const lost = [];
    if (confirmed < adoptedAt) return; // the changes may refer to what is not read yet
    pending = pending.filter((entry) => {
      const outcome = replayEntry(app, state, entry);
      if (outcome === 'impossible') lost.push(entry.change);
      return outcome === 'pending';
    });
    for (const entry of pending.filter(({ status }) => status === 'rejected')) {
      entry.base = confirmed;
      transmit(entry);
    }
    if (lost.length > 0) onLost(lost);
  }

  /** @param {Entry} entry */
  function transmit(entry) {
    const { id, base, run, change } = entry;
    entry.status = 'sent';
    send(id, { type: 'change', base, run, change });
  }

  /** @param {Message} message */
  function applyMessage({ id, version, body }) {
    const { base, run, change } = /** @type {any} */ (body);
    const isApplied = version - base <= maxAge && app.apply(state, change, run, version) !== null;
    const entry = pending.find((one) => one.id === id);
    if (!entry) return;
    if (isApplied) pending = pending.filter((one) => one !== entry);
    else Object.assign(entry, { id: nextId(), status: 'rejected', version: null });
  }

  /** @param {Message} message */
  function receiveMessage(message) {
    const received = snapshots.receive(message, state === null);
    state = received.state ?? state;
    received.changes.filter((one) => isValid(app, one.body)).forEach(applyMessage);
  }

  return {
    /** Applies what the log has after `version` so far. @param {Message[]} messages in order
     *  @param {number} version of the log up to which it was read */
    receive(messages, version) {
      takeBack();
      for (const message of messages) if (message.kind === app.kind) receiveMessage(message);
      confirmed = version;
      if (state === null) return;
      // An acknowledged change that was not among the messages is part of a snapshot.
      pending = pending.filter((entry) => entry.version === null || entry.version > confirmed);
      if (pending.length === 0) app.purge(state, confirmed - maxAge);
      replay();
    },
    /** Makes a change. It stays a draft until it is transmitted. @param {any} change */
    add(change) {
      const id = nextId();
      const undo = app.apply(state, change, id, PENDING);
      /** @type {Entry} */
      const entry = { id, run: id, change, base: confirmed, status: 'draft', version: null, undo };
      pending.push(entry);
      return entry;
    },
    /** Replaces a draft, which is the last entry. @param {Entry} entry @param {any} change */
    revise(entry, change) {
      entry.undo?.();
      Object.assign(entry, { change, undo: app.apply(state, change, entry.run, PENDING) });
    },
    /** Drops a draft, which is the last entry. */
    drop() {
      pending.pop()?.undo?.();
    },
    transmit,
    /** The server has appended the message. @param {string} id @param {number} version */
    acknowledge(id, version) {
      const entry = pending.find((one) => one.id === id);
      if (entry) entry.version = version;
    },
    /** The server has rejected the message: the change is taken back.
     * @param {string} id @returns {any} the change */
    reject(id) {
      takeBack();
      const rejected = pending.find((entry) => entry.id === id);
      pending = pending.filter((entry) => entry !== rejected);
      if (state !== null) replay();
      return rejected?.change;
    },
    /** What the next page needs to continue. @returns {Stored} */
    store() {
      const entries = pending.map(({ id, base, run, change }) => ({ id, base, run, change }));
      return { version: Math.max(confirmed, adoptedAt), entries };
    },
    /** Continues for an earlier page, whose messages are sent again. @param {Stored} stored */
    adopt({ version, entries }) {
      adoptedAt = version;
      for (const { id, run, change, base } of entries) {
        pending.push({ id, run, change, base, status: 'sent', version: null, undo: null });
      }
      if (state !== null) replay();
    },
    /** The log has no longer all messages after the confirmed version. @param {number} version
     *  before the next message that it will receive */
    skipTo(version) {
      takeBack();
      snapshots.restart(version);
      confirmed = version;
      state = version === 0 ? app.create() : null;
    },
    /** The parts of a snapshot of what is confirmed. @param {string} name */
    snapshot(name) {
      takeBack();
      const parts = app.save(state);
      replay();
      return parts.map((content, part) => ({
        type: 'snapshot', name, through: confirmed, part, parts: parts.length, content,
      }));
    },
    /** Whether it can be changed. Until then a snapshot is missing, or part of the log. */
    get isReady() {
      return state !== null && confirmed >= adoptedAt;
    },
    get isSnapshotDue() {
      return state !== null && snapshots.isDue(confirmed);
    },
    /** Null until a snapshot has arrived. */
    get state() {
      return state;
    },
    get pending() {
      return pending;
    },
    get version() {
      return confirmed;
    },
  };
}

/** Applies a pending change again. One that was rejected, or does not fit, is changed to fit.
 * @param {App} app @param {any} state @param {Entry} entry @returns {'pending' | Outcome} */
function replayEntry(app, state, entry) {
  if (entry.status !== 'rejected') entry.undo = app.apply(state, entry.change, entry.run, PENDING);
  if (entry.undo) return 'pending';
  const change = app.rebase(state, entry.change, entry.run);
  if (change === 'confirmed' || change === 'impossible') return change;
  entry.change = change;
  entry.undo = app.apply(state, change, entry.run, PENDING);
  return 'pending';
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

/** @typedef {ReturnType<typeof createReplica>} Replica */
