/**
 * A subscriber: one client with a technique, a cursor and a ledger. It may change its
 * technique while it runs; the ledger stays, so nothing is lost and nothing repeated.
 *
 * @typedef {import('../transports/index.js').TechniqueId} TechniqueId
 * @typedef {import('../net/client.js').Conditions} Conditions
 * @typedef {import('../model/events.js').Delivery} Delivery
 * @typedef {import('../model/events.js').Happening} Happening
 * @typedef {import('../model/events.js').Taken} Taken
 * @typedef {import('../model/ledger.js').Ledger} Ledger
 * @typedef {import('../model/types.js').Answer} Answer
 * @typedef {import('../model/types.js').Cursor} Cursor
 * @typedef {import('../model/types.js').Message} Message
 *
 * @typedef {'stopped' | 'connecting' | 'polling' | 'held' | 'open' | 'retrying'} State
 */
import { techniques } from '../transports/index.js';
import { persist } from '../net/retry.js';
import { createWire } from '../net/client.js';
import { createLedger, takeBatch, takeGap } from '../model/ledger.js';

/**
 * @param {object} given
 * @param {TechniqueId} given.technique
 * @param {number} given.every polling interval in milliseconds
 * @param {(message: Message, arrived: number) => Delivery} given.deliver measures an arrival
 * @param {(happening: Happening) => void} given.report
 * @param {() => Conditions} given.conditions
 */
export function createSubscriber({ technique, every, deliver, report, conditions }) {
  /** @type {Ledger | null} */
  let ledger = null;
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

  /** @param {Answer} answer @param {Ledger} book @returns {Taken} */
  function take(answer, book) {
    if (answer.type === 'gap') {
      const missed = takeGap(book, answer);
      const { shown, head } = book;
      const gap = { gap: answer, missed };
      return { fresh: [], duplicates: 0, shown, head, staleAfter: null, messages: [], gap };
    }
    const arrived = performance.now();
    const { fresh, duplicates, staleAfter } = takeBatch(book, answer);
    return {
      fresh: fresh.map((message) => deliver(message, arrived)),
      duplicates,
      shown: book.shown,
      head: book.head,
      staleAfter,
      messages: answer.messages,
      gap: null,
    };
  }

  /** @param {Ledger} book */
  async function run(book) {
    running.abort();
    running = new AbortController();
    const { signal } = running;
    const { loop, retry } = techniques[technique];
    /** The events of answers that are not taken yet. @type {Map<Answer, { taken?: Taken }>} */
    const waiting = new Map();
    /** @param {Happening} happening */
    const tell = (happening) => {
      if (ledger !== book) return; // of a measurement that was reset meanwhile
      if (happening.type === 'answer' || happening.type === 'frame') {
        waiting.set(happening.answer, happening);
      }
      if (!signal.aborted) follow(happening);
      report(happening);
    };
    const lasting = retry
      ? persist(loop, retry, (ms) => tell({ type: 'pause', ms }))
      : loop;
    const wire = createWire(tell, conditions);
    enter('connecting');
    for await (const answer of lasting(wire, () => book.cursor, signal, every)) {
      if (signal.aborted) return;
      const taken = take(answer, book);
      const event = waiting.get(answer);
      if (event) event.taken = taken;
      waiting.delete(answer);
      tell({ type: 'taken', ...taken });
    }
  }

  return {
    /** Goes on, or starts from this cursor. @param {Cursor} cursor */
    start(cursor) {
      ledger ??= createLedger(cursor);
      report({ type: 'technique', technique });
      run(ledger);
    },
    stop() {
      running.abort();
      enter('stopped');
    },
    /** Stops, and forgets where it was. */
    reset() {
      running.abort();
      enter('stopped');
      ledger = null;
    },
    /** @param {{ technique?: TechniqueId, every?: number }} next */
    change(next) {
      technique = next.technique ?? technique;
      every = next.every ?? every;
      if (!ledger || running.signal.aborted) return;
      report({ type: 'technique', technique });
      run(ledger);
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
    get started() {
      return ledger !== null;
    },
  };
}

/** @typedef {ReturnType<typeof createSubscriber>} Subscriber */
