/**
 * A replica and its messages: sends one change after the other, keeps the pending ones for a
 * reload, and publishes snapshots.
 *
 * @typedef {import('../apps/mergeable.js').App} App
 * @typedef {import('../apps/replica.js').Stored} Stored
 * @typedef {import('../model/types.js').Gap} Gap
 * @typedef {import('../model/types.js').Message} Message
 *
 * @typedef {object} ReplicaHooks
 * @property {(body: object, id: string) => Promise<number>} publish resolves with the version
 * @property {() => number} online pages that are connected to the server
 * @property {() => void} onChange
 * @property {(changes: any[]) => void} onLost changes that are impossible now
 * @property {(reason: string) => void} onError
 */
import { Replica } from '../apps/replica.js';

/** A page that knows nothing waits so long for another page's snapshot. */
const SNAPSHOT_WAIT_MS = 4000;

/** Pages publish the same snapshot at different times, and see that one is enough. For each page: */
const SNAPSHOT_SPREAD_MS = 200;

export class ReplicaClient {
  #hooks;
  #queue;
  #nextId;
  /** The head of the log was read since the start or the last gap. */
  #hasCaughtUp = false;

  /** @param {App} app @param {string} author prefix of the ids @param {number} since
   *  @param {ReplicaHooks} hooks */
  constructor(app, author, since, hooks) {
    let count = 0;
    this.#hooks = hooks;
    this.#nextId = () => `${author}-${++count}`;
    this.#queue = createQueue(hooks.publish, {
      onPublished: (id, version) => this.replica.acknowledge(id, version),
      onRejected: (id, reason) => this.#reject(id, reason),
      onChange: hooks.onChange,
    });
    this.replica = new Replica(app, {
      since,
      nextId: this.#nextId,
      send: this.#queue.add,
      onLost: (changes) => hooks.onLost(changes),
    });
  }

  /** Whether no message is on its way. */
  get isIdle() {
    return this.#queue.length === 0;
  }

  /** Whether it can be changed. */
  get isReady() {
    return this.#hasCaughtUp && this.replica.isReady;
  }

  /** @param {import('./apps/context.js').Update} update */
  receive({ messages, version, head }) {
    this.replica.receive(messages, version);
    const spread = SNAPSHOT_SPREAD_MS * Math.min(100, this.#hooks.online());
    if (this.replica.isSnapshotDue) this.#publishSnapshot(Math.random() * spread);
    if (version >= head && !this.#hasCaughtUp) {
      this.#hasCaughtUp = true;
      if (this.replica.state === null) this.#requestSnapshot();
    }
    this.#hooks.onChange();
  }

  /** The log continues after this version. @param {number} version */
  skipTo(version) {
    this.#hasCaughtUp = false;
    this.replica.skipTo(version);
    this.#hooks.onChange();
  }

  /** Continues for the page before its reload. In another log its changes are impossible.
   * @param {Stored} stored @param {boolean} isSameLog */
  adopt(stored, isSameLog) {
    const { entries } = stored;
    if (!isSameLog && entries.length > 0) this.#hooks.onLost(entries.map(({ change }) => change));
    if (!isSameLog) return;
    this.replica.adopt(stored);
    for (const { id, base, run, change } of entries) this.#queue.add(id, { type: 'change', base, run, change });
  }

  /** @param {string} id @param {string} reason */
  #reject(id, reason) {
    const change = this.replica.reject(id);
    if (change) this.#hooks.onLost([change]);
    this.#hooks.onError(reason);
  }

  #publishSnapshot = createDelayed(() => {
    if (!this.replica.isSnapshotDue) return;
    for (const body of this.replica.snapshot(this.#nextId())) this.#queue.add(this.#nextId(), body);
  });

  #startAnew = createDelayed(() => {
    if (this.replica.state === null) this.#queue.add(this.#nextId(), { type: 'start' });
  });

  /** Another page may have what is no longer in the log. */
  #requestSnapshot() {
    this.#queue.add(this.#nextId(), { type: 'wanted' });
    this.#startAnew(SNAPSHOT_WAIT_MS * (1 + Math.random()));
  }
}

/**
 * One message after the other. While one is on its way, what is typed extends a draft, so a slow
 * network gets fewer messages.
 *
 * @param {ReplicaHooks['publish']} publish
 * @param {{ onPublished: (id: string, version: number) => void,
 *           onRejected: (id: string, reason: string) => void, onChange: () => void }} hooks
 */
function createQueue(publish, { onPublished, onRejected, onChange }) {
  /** @type {{ id: string, body: object }[]} */
  const waiting = [];

  async function run() {
    for (let [next] = waiting; next; [next] = waiting) {
      const { id, body } = next;
      await publish(body, id).then(
        (version) => onPublished(id, version),
        (error) => onRejected(id, error.message),
      );
      waiting.shift();
      onChange();
    }
  }

  return {
    /** @param {string} id @param {object} body */
    add(id, body) {
      waiting.push({ id, body });
      if (waiting.length === 1) run();
    },
    get length() {
      return waiting.length;
    },
  };
}

/** Returns a function that calls `action` after a delay, once at a time. @param {() => void} action */
function createDelayed(action) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  return (/** @type {number} */ ms) => {
    timer ??= setTimeout(() => {
      timer = undefined;
      action();
    }, ms);
  };
}
