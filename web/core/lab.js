/**
 * The lab: three subscribers of one log, a publisher, and a clock to measure with. It knows
 * nothing of the page that shows it.
 *
 * @typedef {import('../transports/index.js').TechniqueId} TechniqueId
 * @typedef {import('./clock.js').Sample} Sample
 * @typedef {import('./publisher.js').Rhythm} Rhythm
 * @typedef {import('./subscriber.js').Subscriber} Subscriber
 * @typedef {import('./types.js').Batch} Batch
 * @typedef {import('./types.js').Cursor} Cursor
 * @typedef {import('./types.js').Latency} Latency
 * @typedef {import('./types.js').Message} Message
 */
import { createOutbox } from '../transports/publish.js';
import { backOff } from '../transports/persist.js';
import { sleep } from '../transports/sleep.js';
import { createWire } from '../transports/wire.js';
import { estimateOffset } from './clock.js';
import { createPublisher } from './publisher.js';
import { summarize } from './statistics.js';
import { createSubscriber } from './subscriber.js';

/** Messages from before the start that are shown, but neither counted nor measured. */
const HISTORY = 30;

/** Questions for the time, and how often they are asked again. */
const CLOCK_SAMPLES = 8;
const CLOCK_EVERY_MS = 60_000;

/** Own messages whose moment is remembered; the panes are done with older ones. */
const MOMENTS_MAX = 20_000;

/** @type {{ id: 'poll' | 'longpoll' | 'ws', technique: TechniqueId }[]} */
const PANES = [
  { id: 'poll', technique: 'interval' },
  { id: 'longpoll', technique: 'longpoll' },
  { id: 'ws', technique: 'ws' },
];

/**
 * @param {object} hooks
 * @param {(messages: Message[]) => void} hooks.onHistory
 * @param {() => void} hooks.onChange
 * @param {(problem: string) => void} hooks.onProblem a message was refused
 */
export function createLab({ onHistory, onChange, onProblem }) {
  const page = crypto.getRandomValues(new Uint32Array(1))[0]?.toString(36);
  const panes = PANES.map(({ id, technique }) => ({
    id,
    subscriber: createSubscriber({ technique, every: 1000, latencyOf }),
  }));
  /** When this page published what, by `performance.now()`. @type {Map<string, number>} */
  const moments = new Map();
  /** @type {ReturnType<typeof estimateOffset>} */
  let clock = null;
  let starting = new AbortController();
  let running = false;
  /** @type {Rhythm} */
  let rhythm = 'off';
  const seed = 42;
  let said = 0;
  let published = 0;
  let waiting = 0;

  const outbox = createOutbox((count) => {
    waiting = count;
    onChange();
  });
  const publisher = createPublisher((body) => {
    publish({ sender: 'publisher', kind: 'chat', body }).catch((error) =>
      onProblem(error.message),
    );
  });

  /** @param {Message} message @param {number} arrived @returns {Latency} */
  function latencyOf(message, arrived) {
    const moment = moments.get(message.id);
    if (moment !== undefined) return { ms: arrived - moment, error: 0 };
    if (!clock) return { ms: NaN, error: Infinity };
    const here = performance.timeOrigin + arrived + clock.offset;
    return { ms: Math.max(0, here - message.at), error: clock.error };
  }

  /** @param {{ sender: string, kind: string, body: unknown }} message */
  async function publish(message) {
    const id = `${page}-${++said}`;
    moments.set(id, performance.now());
    const oldest = moments.size > MOMENTS_MAX ? moments.keys().next().value : undefined;
    if (oldest !== undefined) moments.delete(oldest);
    await outbox.publish({ id, ...message });
    published += 1;
    onChange();
  }

  /** @param {AbortSignal} signal */
  async function readClock(signal) {
    /** @type {Sample[]} */
    const samples = [];
    for (let asked = 0; asked < CLOCK_SAMPLES && !signal.aborted; asked++) {
      const sent = performance.timeOrigin + performance.now();
      const answer = await fetch('/time', { cache: 'no-store', signal }).catch(() => null);
      if (!answer?.ok) continue;
      const received = performance.timeOrigin + performance.now();
      samples.push({ sent, received, at: (await answer.json()).at });
    }
    clock = estimateOffset(samples) ?? clock;
  }

  /** Where the log stands; asked until it answers. @param {AbortSignal} signal */
  async function findHead(signal) {
    for (let failures = 0; ; failures++) {
      try {
        const health = await fetch('/health', { cache: 'no-store', signal });
        if (health.ok) return await health.json();
      } catch {
        signal.throwIfAborted();
      }
      await sleep(backOff(failures), signal);
    }
  }

  /** @param {AbortSignal} signal @returns {Promise<Cursor>} */
  async function begin(signal) {
    const { epoch, head, oldest } = await findHead(signal);
    await readClock(signal);
    const since = Math.max(oldest - 1, head - HISTORY);
    const wire = createWire(() => {});
    const past = await wire.ask('/poll', { since, epoch }, signal).catch(() => null);
    signal.throwIfAborted();
    if (past?.type === 'batch') onHistory(past.messages.filter((m) => m.version <= head));
    return { since: head, epoch };
  }

  /** @param {Rhythm} next @param {number} perSecond */
  function setRhythm(next, perSecond) {
    rhythm = next;
    if (next === 'off') publisher.stop();
    else publisher.start(next, perSecond, seed);
    onChange();
  }

  async function start() {
    if (running) return;
    running = true;
    starting = new AbortController();
    const { signal } = starting;
    onChange();
    try {
      const fresh = panes.some(({ subscriber }) => !subscriber.ledger);
      const cursor = fresh ? await begin(signal) : { since: 0, epoch: null };
      for (const { subscriber } of panes) subscriber.start(cursor);
      const timer = setInterval(() => readClock(signal), CLOCK_EVERY_MS);
      signal.addEventListener('abort', () => clearInterval(timer), { once: true });
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  function stop() {
    running = false;
    starting.abort();
    setRhythm('off', 1);
    for (const { subscriber } of panes) subscriber.stop();
    onChange();
  }

  function reset() {
    stop();
    published = 0;
    for (const { subscriber } of panes) subscriber.reset();
    onChange();
  }

  return {
    panes,
    publish,
    start,
    stop,
    reset,
    setRhythm,
    get rhythm() {
      return rhythm;
    },
    get running() {
      return running;
    },
    get waiting() {
      return waiting;
    },
    /** What tests and other programs read; docs/protocol.md names every member. */
    state() {
      return {
        running,
        paused: false,
        preset: null,
        seed,
        published,
        panes: panes.map(({ id, subscriber }) => ({ id, ...figures(subscriber) })),
      };
    },
  };
}

/** @typedef {ReturnType<typeof createLab>} Lab */

/**
 * What is known of one subscriber, in figures. A latency whose error nobody knows is left
 * out.
 *
 * @param {Subscriber} subscriber
 */
export function figures({ technique, state, ledger, counters, latencies }) {
  const known = latencies.filter(({ error }) => error < Infinity);
  return {
    technique,
    state,
    shown: ledger?.shown ?? 0,
    delivered: ledger?.delivered ?? 0,
    stale: ledger?.stale ?? 0,
    duplicate: ledger?.duplicate ?? 0,
    missed: ledger?.missed ?? 0,
    gaps: ledger?.gaps ?? 0,
    ...counters,
    latency: {
      ...summarize(known.map(({ ms }) => ms)),
      error: known.reduce((worst, { error }) => Math.max(worst, error), 0),
    },
    bytes: { up: null, down: null },
  };
}
