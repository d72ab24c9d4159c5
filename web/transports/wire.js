/**
 * The wire: how a technique speaks to the server, and where each request and answer is
 * reported. The techniques themselves are in poll.js, longpoll.js and ws.js.
 *
 * @typedef {import('../core/types.js').Answer} Answer
 * @typedef {import('../core/types.js').Cursor} Cursor
 * @typedef {import('../core/events.js').Happening} Happening
 *
 * @typedef {object} Wire
 * @property {(path: string, cursor: Cursor, signal: AbortSignal, within?: number) =>
 *            Promise<Answer>} ask
 *   One request, one answer. A gap is an answer. Rejects with a {@link Failure}, also when
 *   the answer takes longer than `within` milliseconds.
 * @property {(path: string, cursor: Cursor, signal: AbortSignal) => WebSocket} open
 *   One socket. Whoever opened it closes it; the signal tells only that this was meant.
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
 * @returns {Wire}
 */
export function createWire(report) {
  return {
    async ask(path, cursor, signal, within = 60_000) {
      const request = ++requests;
      report({ type: 'request', request, path });
      const timeout = AbortSignal.timeout(within);
      try {
        const response = await fetch(`${path}?${query(cursor)}&u=${page}-${request}`, {
          cache: 'no-store',
          signal: AbortSignal.any([signal, timeout]),
        });
        const answer = await read(response);
        report({ type: 'answer', request, answer });
        return answer;
      } catch (error) {
        const reason = timeout.aborted ? 'no answer in time' : reasonOf(error);
        report({ type: signal.aborted ? 'cancel' : 'error', request, reason });
        throw error;
      }
    },

    open(path, cursor, signal) {
      const request = ++requests;
      const url = new URL(`${path}?${query(cursor)}`, location.href);
      url.protocol = url.protocol.replace('http', 'ws');
      report({ type: 'request', request, path });
      const socket = new WebSocket(url, 'trifold.v1');
      let opened = false;
      socket.addEventListener('open', () => {
        opened = true;
        report({ type: 'open', request });
      });
      socket.addEventListener('message', ({ data }) => {
        const said = JSON.parse(data);
        if (said.type === 'batch' || said.type === 'gap') {
          report({ type: 'frame', request, answer: said });
        }
      });
      socket.addEventListener('close', ({ code, reason }) =>
        report({ type: 'close', request, code, reason, opened, meant: signal.aborted }),
      );
      return socket;
    },
  };
}

/** @param {Cursor} cursor */
function query({ since, epoch }) {
  return epoch === null ? `since=${since}` : `since=${since}&epoch=${epoch}`;
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
