/**
 * The wire: how a technique speaks to the server, and where each request and answer is
 * reported. The techniques themselves are in poll.js, longpoll.js and ws.js.
 *
 * @typedef {import('../model/types.js').Answer} Answer
 * @typedef {import('../model/types.js').Cursor} Cursor
 * @typedef {import('../model/events.js').Exchange} Exchange
 * @typedef {import('../model/events.js').Happening} Happening
 *
 * @typedef {Record<string, string | number>} Conditions
 *   What is asked of the simulated network and of the meter, by the protocol's names.
 *
 * @typedef {object} Wire
 * @property {(path: string, cursor: Cursor, signal: AbortSignal, within?: number) =>
 *            Promise<Answer>} ask
 *   One request, one answer. A gap is an answer. Rejects with a {@link Failure}, also when
 *   the answer takes longer than `within` milliseconds.
 * @property {(path: string, cursor: Cursor, signal: AbortSignal,
 *            hear: (answer: Answer) => void) => WebSocket} open
 *   One socket, whose answers are heard. Whoever opened it closes it; the signal tells only
 *   that this was meant.
 */

/** A request that brought no answer to go on with. */
export class Failure extends Error {
  /** @param {string} reason @param {number} [retryAfter] milliseconds the server asks for */
  constructor(reason, retryAfter = 0) {
    super(reason);
    this.retryAfter = retryAfter;
  }
}

/** Makes URLs unique: browsers let GETs of one URL wait for each other behind the cache. */
const page = crypto.getRandomValues(new Uint32Array(1))[0]?.toString(36);
let requests = 0;

/**
 * @param {(happening: Happening) => void} report
 * @param {() => Conditions} [conditions] read at each request
 * @returns {Wire}
 */
export function createWire(report, conditions = () => ({})) {
  /** @param {string} path @param {Cursor} cursor */
  function begin(path, { since, epoch }) {
    const asks = conditions();
    const request = ++requests;
    const query = new URLSearchParams({ since: String(since) });
    if (epoch !== null) query.set('epoch', epoch);
    for (const [name, value] of Object.entries(asks)) query.set(name, String(value));
    /** @type {Exchange} */
    const exchange = {
      request,
      path,
      asked: performance.now(),
      upMs: Number(asks.up_ms ?? 0),
      downMs: Number(asks.down_ms ?? 0),
    };
    report({ type: 'request', ...exchange });
    return { exchange, url: `${path}?${query}` };
  }

  return {
    async ask(path, cursor, signal, within = 60_000) {
      const { exchange, url } = begin(path, cursor);
      const timeout = AbortSignal.timeout(within);
      try {
        const response = await fetch(`${url}&u=${page}-${exchange.request}`, {
          cache: 'no-store',
          signal: AbortSignal.any([signal, timeout]),
        });
        const answer = await read(response);
        report({ type: 'answer', answer, ...exchange });
        return answer;
      } catch (error) {
        const timedOut = timeout.aborted;
        const reason = timedOut ? 'no answer in time' : reasonOf(error);
        if (signal.aborted) report({ type: 'cancel', ...exchange });
        else report({ type: 'error', reason, timedOut, ...exchange });
        throw error;
      }
    },

    open(path, cursor, signal, hear) {
      const { exchange, url } = begin(path, cursor);
      const address = new URL(url, location.href);
      address.protocol = address.protocol.replace('http', 'ws');
      const socket = new WebSocket(address, 'trifold.v1');
      let opened = false;
      socket.addEventListener('open', () => {
        opened = true;
        report({ type: 'open', ...exchange });
      });
      socket.addEventListener('close', ({ code, reason }) =>
        report({ type: 'close', code, reason, opened, meant: signal.aborted, ...exchange }),
      );
      socket.addEventListener('message', ({ data }) => {
        const said = JSON.parse(data);
        if (said.type !== 'batch' && said.type !== 'gap') return;
        report({ type: 'frame', answer: said, ...exchange });
        hear(said);
      });
      return socket;
    },
  };
}

/** @param {Response} response @returns {Promise<Answer>} */
async function read(response) {
  if (response.status === 200) return response.json();
  const problem = await response.json().catch(() => ({ title: response.statusText }));
  if (response.status === 410) return { ...problem, type: 'gap' };
  const seconds = Number(response.headers.get('retry-after')) || 0;
  throw new Failure(`${response.status} ${problem.title}`, seconds * 1000);
}

/** @param {unknown} error */
function reasonOf(error) {
  return error instanceof Failure ? error.message : 'no connection';
}
