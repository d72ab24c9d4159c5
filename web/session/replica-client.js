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

/** @param {App} app @param {string} author prefix of the ids @param {number} since
 *  @param {ReplicaHooks} hooks */
export function createReplicaClient(app, author, since, hooks) {
  let count = 0;
  const nextId = () => `${author}-${++count}`;
  const queue = createQueue(hooks.publish, {
    onPublished: (id, version) => replica.acknowledge(id, version),
    onRejected: (id, reason) => {
      const change = replica.reject(id);
      if (change) hooks.onLost([change]);
      hooks.onError(reason);
    },
    onChange: hooks.onChange,
  });
  const onLost = (/** @type {any[]} */ changes) => changes.length > 0 && hooks.onLost(changes);
  const replica = new Replica(app, { since, nextId, send: queue.add, onLost });

  const publishSnapshot = createDelayed(() => {
    if (!replica.isSnapshotDue) return;
    for (const body of replica.snapshot(nextId())) queue.add(nextId(), body);
  });
  const startAnew = createDelayed(() => {
    if (replica.state === null) queue.add(nextId(), { type: 'start' });
  });

  /** The head of the log was read since the start or the last gap. */
  let hasCaughtUp = false;

  return {
    replica,
    /** Whether no message is on its way. */
    get isIdle() {
      return queue.length === 0;
    },
    /** Whether it can be changed. */
    get isReady() {
      return hasCaughtUp && replica.isReady;
    },
    /** @param {import('./apps/context.js').Update} update */
    receive({ messages, version, head }) {
      replica.receive(messages, version);
      const spread = SNAPSHOT_SPREAD_MS * Math.min(100, hooks.online());
      if (replica.isSnapshotDue) publishSnapshot(Math.random() * spread);
      if (version >= head && !hasCaughtUp) {
        hasCaughtUp = true;
        if (replica.state === null) requestSnapshot();
      }
      hooks.onChange();
    },
    /** The log continues after this version. @param {number} version */
    skipTo(version) {
      hasCaughtUp = false;
      replica.skipTo(version);
      hooks.onChange();
    },
    store: () => replica.store(),
    /** Continues for the page before its reload. In another log its changes are impossible.
     * @param {Stored} stored @param {boolean} isSameLog */
    adopt(stored, isSameLog) {
      if (!isSameLog) return void onLost(stored.entries.map(({ change }) => change));
      replica.adopt(stored);
      for (const { id, base, run, change } of stored.entries) {
        queue.add(id, { type: 'change', base, run, change });
      }
    },
  };

  /** Another page may have what is no longer in the log. */
  function requestSnapshot() {
    queue.add(nextId(), { type: 'wanted' });
    startAnew(SNAPSHOT_WAIT_MS * (1 + Math.random()));
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

/** @typedef {ReturnType<typeof createReplicaClient>} ReplicaClient */
