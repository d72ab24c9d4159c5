/**
 * The connection of this page to its server: the control channel, the server's clock and
 * limits, and the history of the log.
 *
 * @typedef {import('../model/clock.js').Clock} Clock
 * @typedef {import('../model/types.js').Cursor} Cursor
 * @typedef {import('../model/types.js').Message} Message
 * @typedef {import('../net/control.js').Control} Control
 *
 * @typedef {{ lab: boolean, max_wait_ms: number, epoch: string, head: number, oldest: number }}
 *   Health
 */
import { createClient } from '../net/client.js';
import { backoff } from '../net/retry.js';
import { sleep } from '../net/sleep.js';

/** How long to wait for the control channel. The page works without it. */
export const CONTROL_TIMEOUT_MS = 2000;

/** Messages from before the start: shown, but neither counted nor measured. */
const HISTORY_MESSAGES = 30;

/** @param {Control} control @param {Clock} clock @param {() => void} onChange */
export function createServerSession(control, clock, onChange) {
  let session = new AbortController();
  /** @type {Health | null} */
  let health = null;
  /** @type {Promise<void> | null} */
  let connected = null;

  async function connect() {
    session = new AbortController();
    const { signal } = session;
    health = await fetchHealth(signal);
    const timeout = sleep(CONTROL_TIMEOUT_MS, signal);
    if (health.lab) await Promise.race([control.connect(signal), timeout]);
    await clock.start(signal);
    onChange();
  }

  return {
    /** Connects, once. */
    connect: () => (connected ??= connect()),
    disconnect() {
      session.abort();
      connected = null;
    },
    /** Aborted when the page disconnects. */
    get signal() {
      return session.signal;
    },
    /** Whether the server simulates a network; null: unknown. */
    get labEnabled() {
      return health?.lab ?? null;
    },
    /** How long the server holds a long poll at most. */
    get maxWaitMs() {
      return health?.max_wait_ms ?? Infinity;
    },
  };
}

/** Retries until the server responds. @param {AbortSignal} signal @returns {Promise<Health>} */
async function fetchHealth(signal) {
  for (let failures = 0; ; failures++) {
    try {
      const response = await fetch('/health', { cache: 'no-store', signal });
      if (response.ok) return await response.json();
    } catch {
      signal.throwIfAborted();
    }
    await sleep(backoff(failures), signal);
  }
}

/** The last messages of the log, and the cursor after them.
 * @param {AbortSignal} signal @returns {Promise<{ cursor: Cursor, messages: Message[] }>} */
export async function loadHistory(signal) {
  const { epoch, head, oldest } = await fetchHealth(signal);
  const since = Math.max(oldest - 1, head - HISTORY_MESSAGES);
  const client = createClient(() => {});
  const update = await client.request('/poll', { since, epoch }, signal).catch(() => null);
  signal.throwIfAborted();
  const messages = update?.type === 'batch' ? update.messages : [];
  const cursor = { since: head, epoch };
  return { cursor, messages: messages.filter(({ version }) => version <= head) };
}

/**
 * Reads all that the log retains, up to its head. `first` is the version before the first message
 * with the first batch, and null with the others; after a gap it starts again.
 *
 * @param {AbortSignal} signal
 * @returns {AsyncGenerator<{ first: number | null, update: import('../model/types.js').Batch }>}
 */
export async function* readLog(signal) {
  const client = createClient(() => {});
  /** @type {number | null} */
  let first = null;
  /** @type {Cursor | null} */
  let cursor = null;
  for (let failures = 0; ; ) {
    if (cursor === null) {
      const { epoch, oldest } = await fetchHealth(signal);
      first = oldest - 1;
      cursor = { since: first, epoch };
    }
    /** @type {import('../model/types.js').Update | null} */
    const update = await client.request('/poll', cursor, signal).catch(() => null);
    signal.throwIfAborted();
    if (update?.type === 'batch') {
      yield { first, update };
      if (update.version >= update.head) return;
      [failures, first, cursor] = [0, null, { since: update.version, epoch: update.epoch }];
    } else {
      if (update) cursor = null;
      await sleep(backoff(failures++), signal);
    }
  }
}

/** The server's time, over the control channel while it is open. @param {Control} control */
export async function fetchTime(control) {
  if (control.open) return control.request({ type: 'ping', t: 0 });
  const response = await fetch('/time', { cache: 'no-store' });
  return response.json();
}

/** @typedef {ReturnType<typeof createServerSession>} ServerSession */
