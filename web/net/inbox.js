/**
 * An inbox turns callbacks into a loop: what is put in by `put` comes out of `for await`, in
 * order, until the inbox is closed.
 *
 * @template T
 * @typedef {{ put: (item: T) => void, close: () => void } & AsyncIterable<T, void>} Inbox
 */

/**
 * @template T
 * @param {AbortSignal} signal closes the inbox, too
 * @returns {Inbox<T>}
 */
export function createInbox(signal) {
  /** @type {T[]} */
  const waiting = [];
  let closed = signal.aborted;
  let wake = () => {};

  const close = () => {
    closed = true;
    wake();
  };
  signal.addEventListener('abort', close, { once: true });

  return {
    close,
    put(item) {
      waiting.push(item);
      wake();
    },
    async *[Symbol.asyncIterator]() {
      try {
        while (true) {
          while (waiting.length > 0) yield /** @type {T} */ (waiting.shift());
          if (closed) return;
          await /** @type {Promise<void>} */ (new Promise((resolve) => (wake = resolve)));
        }
      } finally {
        signal.removeEventListener('abort', close);
      }
    },
  };
}
