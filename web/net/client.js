/**
 * The client: one request or one socket, reported as events. The transports are functions of
 * it, in poll.js, longpoll.js and ws.js.
 *
 * @typedef {import('../model/events.js').PaneEvent} PaneEvent
 * @typedef {import('../model/types.js').Batch} Batch
 * @typedef {import('../model/types.js').Cursor} Cursor
 * @typedef {import('../model/types.js').Exchange} Exchange
 * @typedef {import('../model/types.js').Gap} Gap
 * @typedef {import('../model/types.js').NetworkParams} NetworkParams
 * @typedef {import('../model/types.js').Update} Update
 *
 * @typedef {(update: Update) => void} Deliver
 *   Applies an update at once: when it returns, the cursor has moved.
 *
 * @typedef {(client: Client, cursor: () => Cursor, deliver: Deliver, signal: AbortSignal,
 *            intervalMs: number) => Promise<void>} Transport
 *
 * @typedef {object} Client
 * @property {(path: string, cursor: Cursor, signal: AbortSignal, timeoutMs?: number) =>
 *            Promise<Update>} request
 *   Resolves with the response; a gap is one. Rejects with a {@link RequestError}, also after
 *   a time-out.
 * @property {(path: string, cursor: Cursor, signal: AbortSignal, deliver: Deliver) =>
 *            Promise<void>} openSocket
 *   Delivers every update of one socket. Resolves when the socket is closed, dead or aborted.
 */
import { confirmSent, dequeue, enqueue } from './connections.js';
import { startHeartbeat } from './heartbeat.js';

/** A request without a usable response. */
export class RequestError extends Error {
  /** @param {string} reason @param {number} [retryAfterMs] as the server demands
   *  @param {number} [status] of the response; undefined without one */
  constructor(reason, retryAfterMs = 0, status = undefined) {
    super(reason);
    this.retryAfterMs = retryAfterMs;
    this.status = status;
  }
}

/** Makes URLs unique: browsers queue GETs of the same URL behind their cache. */
const pageNonce = crypto.getRandomValues(new Uint32Array(1))[0]?.toString(36);
let exchanges = 0;

/**
 * @param {(event: PaneEvent) => void} emit not called for updates: the subscriber records
 *   them together with their receipt
 * @param {() => NetworkParams} [networkParams] read for each request
 * @returns {Client}
 */
export function createClient(emit, networkParams = () => ({})) {
  /** @param {string} path @param {Cursor} cursor */
  function begin(path, cursor) {
    const params = networkParams();
    const exchange = createExchange(path, params);
    if (path !== '/ws') enqueue(exchange, () => emit({ type: 'sent', exchange }));
    emit({ type: 'request', exchange, isQueued: exchange.sentAt === null });
    return { exchange, url: `${path}?${queryOf(cursor, params)}` };
  }

  return {
    async request(path, cursor, signal, timeoutMs = 60_000) {
      const { exchange, url } = begin(path, cursor);
      const timeout = AbortSignal.timeout(timeoutMs);
      try {
        const uniqueUrl = `${url}&u=${pageNonce}-${exchange.id}`;
        const content = await fetchUpdate(uniqueUrl, AbortSignal.any([signal, timeout]));
        confirmSent(exchange);
        return { ...content, exchange };
      } catch (error) {
        const failure = requestError(error, timeout.aborted);
        emit(failureEvent(exchange, failure, signal.aborted, timeout.aborted));
        throw failure;
      } finally {
        dequeue(exchange);
      }
    },

    async openSocket(path, cursor, signal, deliver) {
      const { exchange, url } = begin(path, cursor);
      const socket = new WebSocket(webSocketUrl(url), 'trifold.v1');
      reportSocket(socket, exchange, signal, emit);
      socket.addEventListener('message', ({ data }) => {
        const message = JSON.parse(data);
        if (message.type === 'batch' || message.type === 'gap') deliver({ ...message, exchange });
      });
      await untilClosed(socket, signal);
    },
  };
}

/** @param {string} path @param {NetworkParams} params @returns {Exchange} */
function createExchange(path, { up_ms = 0, down_ms = 0 }) {
  const now = performance.now();
  return {
    id: ++exchanges,
    path,
    requestedAt: now,
    sentAt: now,
    upMs: Number(up_ms),
    downMs: Number(down_ms),
  };
}

/** @param {Cursor} cursor @param {NetworkParams} params */
function queryOf({ since, epoch }, params) {
  const query = new URLSearchParams({ since: String(since) });
  if (epoch !== null) query.set('epoch', epoch);
  for (const [name, value] of Object.entries(params)) query.set(name, String(value));
  return query;
}

/** @param {string} url @param {AbortSignal} signal @returns {Promise<Batch | Gap>} */
async function fetchUpdate(url, signal) {
  const response = await fetch(url, { cache: 'no-store', signal });
  if (response.status === 200) return response.json();
  const problem = await response.json().catch(() => ({ title: response.statusText }));
  if (response.status === 410) return { ...problem, type: 'gap' };
  const seconds = Number(response.headers.get('retry-after')) || 0;
  throw new RequestError(`${response.status} ${problem.title}`, seconds * 1000, response.status);
}

/** @param {Exchange} exchange @param {RequestError} failure @param {boolean} cancelled
 *  @param {boolean} timedOut @returns {PaneEvent} */
function failureEvent(exchange, { message, status }, cancelled, timedOut) {
  const isQueued = exchange.sentAt === null;
  if (cancelled) return { type: 'cancel', exchange, isQueued };
  return { type: 'error', exchange, isQueued, reason: message, timedOut, status };
}

/** @param {unknown} error @param {boolean} timedOut */
function requestError(error, timedOut) {
  if (timedOut) return new RequestError('response timed out');
  return error instanceof RequestError ? error : new RequestError('no connection');
}

/** @param {string} url */
function webSocketUrl(url) {
  const absolute = new URL(url, location.href);
  absolute.protocol = absolute.protocol.replace('http', 'ws');
  return absolute;
}

/** @param {WebSocket} socket @param {Exchange} exchange @param {AbortSignal} signal
 *  @param {(event: PaneEvent) => void} emit */
function reportSocket(socket, exchange, signal, emit) {
  let opened = false;
  socket.addEventListener('open', () => {
    opened = true;
    emit({ type: 'open', exchange });
  });
  socket.addEventListener('close', ({ code, reason }) =>
    emit({ type: 'close', exchange, code, reason, opened, expected: signal.aborted }),
  );
}

/** Closes the socket when the signal is aborted or the heartbeat times out.
 * @param {WebSocket} socket @param {AbortSignal} signal @returns {Promise<void>} */
function untilClosed(socket, signal) {
  return new Promise((resolve) => {
    const end = () => {
      stopHeartbeat();
      signal.removeEventListener('abort', end);
      socket.close();
      resolve();
    };
    const stopHeartbeat = startHeartbeat(socket, end);
    socket.addEventListener('close', end);
    signal.addEventListener('abort', end);
  });
}
