/**
 * A subscriber: one client with a technique, a cursor and a ledger. It may change its
 * technique while it runs; the ledger stays, so nothing is lost and nothing repeated.
 *
 * @typedef {import('../transports/index.js').TechniqueId} TechniqueId
 * @typedef {import('./events.js').Counters} Counters
 * @typedef {import('./events.js').Happening} Happening
 * @typedef {import('./ledger.js').Ledger} Ledger
 * @typedef {import('./types.js').Answer} Answer
 * @typedef {import('./types.js').Cursor} Cursor
 * @typedef {import('./types.js').Gap} Gap
 * @typedef {import('./types.js').Latency} Latency
 * @typedef {import('./types.js').Message} Message
 *
 * @typedef {'stopped' | 'connecting' | 'polling' | 'held' | 'open' | 'retrying'} State
 *
 * @typedef {object} View what a subscriber tells whoever draws it
 * @property {(fresh: { message: Message, latency: Latency }[]) => void} onMessages
 * @property {(shown: Message[], after: number) => void} onStale an older answer's messages
 *   took the place of version `after`
 * @property {(gap: Gap, missed: number) => void} onGap
 * @property {() => void} onChange some figure or the state is another
 */
import { techniques } from '../transports/index.js';
import { persist } from '../transports/persist.js';
import { createWire } from '../transports/wire.js';
import { tally, zeroCounters } from './events.js';
import { createLedger, takeBatch, takeGap } from './ledger.js';

/** Latencies kept for the median; older ones are forgotten. */
const LATENCIES_MAX = 10_000;

/**
 * @param {object} given
 * @param {TechniqueId} given.technique
 * @param {number} given.every polling interval in milliseconds
 * @param {(message: Message, arrived: number) => Latency} given.latencyOf
 */
export function createSubscriber({ technique, every, latencyOf }) {
  /** @type {View} */
  let view = { onMessages() {}, onStale() {}, onGap() {}, onChange() {} };
  /** @type {Ledger | null} */
  let ledger = null;
  let counters = zeroCounters();
  /** @type {Latency[]} */
  let latencies = [];
  /** @type {State} */
  let state = 'stopped';
  let since = 0;
  let running = new AbortController();
  running.abort();

  /** @param {State} next */
  function enter(next) {
    state = next;
    since = performance.now();
  }

  /** @param {Happening} happening */
  function follow({ type }) {
    const { family } = techniques[technique];
    if (type === 'open') return enter('open');
    if (type === 'error' || type === 'pause') return enter('retrying');
    if (type === 'answer' && family === 'poll') return enter('polling');
    if (type === 'request' && family === 'longpoll') return enter('held');
    if (type === 'request' && family === 'ws') return enter('connecting');
  }

  /** @param {Answer} answer @param {Ledger} book */
  function take(answer, book) {
    if (answer.type === 'gap') {
      view.onGap(answer, takeGap(book, answer));
      return;
    }
    const arrived = performance.now();
    const { fresh, staleAfter } = takeBatch(book, answer);
    const measured = fresh.map((message) => ({ message, latency: latencyOf(message, arrived) }));
    latencies.push(...measured.map(({ latency }) => latency));
    if (latencies.length > LATENCIES_MAX) latencies = latencies.slice(-LATENCIES_MAX);
    if (measured.length > 0) view.onMessages(measured);
    if (staleAfter !== null) view.onStale(answer.messages, staleAfter);
  }

  /** @param {Ledger} book */
  async function run(book) {
    running.abort();
    running = new AbortController();
    const { signal } = running;
    const { loop, retry } = techniques[technique];
    // A loop that was stopped may still report how it ended; by then it counts for nobody
    // unless it is the same measurement.
    const counted = counters;
    /** @param {Happening} happening */
    const report = (happening) => {
      tally(counted, happening);
      if (!signal.aborted) follow(happening);
      view.onChange();
    };
    const lasting = retry
      ? persist(loop, retry, (ms) => report({ type: 'pause', ms }))
      : loop;
    enter('connecting');
    for await (const answer of lasting(createWire(report), () => book.cursor, signal, every)) {
      if (signal.aborted) return;
      take(answer, book);
      view.onChange();
    }
  }

  return {
    /** @param {View} next */
    show(next) {
      view = next;
    },
    /** Goes on, or starts from this cursor. @param {Cursor} cursor */
    start(cursor) {
      ledger ??= createLedger(cursor);
      run(ledger);
    },
    stop() {
      running.abort();
      enter('stopped');
      view.onChange();
    },
    /** Stops, and forgets all that was measured. */
    reset() {
      running.abort();
      enter('stopped');
      ledger = null;
      counters = zeroCounters();
      latencies = [];
      view.onChange();
    },
    /** @param {{ technique?: TechniqueId, every?: number }} next */
    change(next) {
      technique = next.technique ?? technique;
      every = next.every ?? every;
      if (ledger && !running.signal.aborted) run(ledger);
      view.onChange();
    },
    get technique() {
      return technique;
    },
    get every() {
      return every;
    },
    get state() {
      return state;
    },
    /** When the state was entered, by `performance.now()`. */
    get stateSince() {
      return since;
    },
    get counters() {
      return counters;
    },
    get ledger() {
      return ledger;
    },
    get latencies() {
      return latencies;
    },
  };
}

/** @typedef {ReturnType<typeof createSubscriber>} Subscriber */
