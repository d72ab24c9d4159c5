/**
 * The control channel: one socket to /lab for presence, meters and the simulated link. It
 * publishes, too, so that publishing takes none of the browser's six connections to a host.
 *
 * @typedef {import('../model/meters.js').MeterSnapshot} MeterSnapshot
 *
 * @typedef {object} ControlHooks
 * @property {(online: number) => void} onPresence
 * @property {(panes: Record<string, MeterSnapshot>, generation: number) => void} onMeters
 * @property {() => void} onClosed the channel was open, and is no longer
 *
 * @typedef {object} SocketHooks
 * @property {(socket: WebSocket) => void} onOpen
 * @property {(message: any) => void} onMessage
 * @property {(socket: WebSocket) => void} onClose may be called more than once
 */
import { backoff } from './retry.js';
import { sleep } from './sleep.js';

/** For the first message, and for each reply. */
const TIMEOUT_MS = 10_000;

/** @param {string} client the name of this page @param {ControlHooks} hooks */
export function createControl(client, hooks) {
  /** @type {WebSocket | null} */
  let socket = null;
  const replies = createReplyQueue();

  /** @param {WebSocket} closing @param {string} reason */
  function disconnect(closing, reason) {
    if (socket !== closing) return;
    socket = null;
    closing.close();
    replies.rejectAll(new Error(reason));
    hooks.onClosed();
  }

  /** @param {() => void} onLost @returns {SocketHooks} */
  const socketHooks = (onLost) => ({
    onOpen: (opened) => (socket = opened),
    onMessage: (message) => dispatch(message, hooks, replies),
    onClose: (closed) => {
      disconnect(closed, 'control channel closed');
      onLost();
    },
  });

  return {
    /** Connects, and reconnects after each loss. @param {AbortSignal} signal */
    connect: (signal) => keepOpen((onLost) => openSocket(client, signal, socketHooks(onLost)), signal),
    /** @param {object} message @returns {Promise<any>} the reply */
    async request(message) {
      const current = socket;
      if (current?.readyState !== WebSocket.OPEN) throw new Error('not connected');
      current.send(JSON.stringify(message));
      return replies.next(() => disconnect(current, 'reply timed out'));
    },
    get open() {
      return socket?.readyState === WebSocket.OPEN;
    },
  };
}

/**
 * Opens, and opens again after each loss. Resolves after the first attempt, successful or not:
 * a proxy may block WebSockets, and the rest of the page works without.
 *
 * @param {(onLost: () => void) => Promise<boolean>} open resolves with whether it has opened
 * @param {AbortSignal} signal
 * @param {number} [failures] so far
 */
async function keepOpen(open, signal, failures = 0) {
  if (signal.aborted) return;
  const reopenAfter = (/** @type {number} */ count) => {
    const reopen = () => keepOpen(open, signal, count + 1);
    sleep(backoff(count), signal).then(reopen, () => {});
  };
  if (!(await open(() => reopenAfter(0)))) reopenAfter(failures);
}

/** @param {string} client */
function urlOf(client) {
  const url = new URL(`/lab?client=${client}`, location.href);
  url.protocol = url.protocol.replace('http', 'ws');
  return url;
}

/**
 * Opens a socket. It counts as open with its first message, which the server sends at once: a
 * socket that is open and silent may end at a proxy.
 *
 * @param {string} client
 * @param {AbortSignal} signal
 * @param {SocketHooks} hooks
 * @returns {Promise<boolean>} whether it opened
 */
function openSocket(client, signal, { onOpen, onMessage, onClose }) {
  const socket = new WebSocket(urlOf(client));
  let opened = false;
  const stop = () => {
    socket.close();
    if (opened) onClose(socket); // the close event may come seconds later
  };
  const timer = setTimeout(stop, TIMEOUT_MS);
  signal.addEventListener('abort', stop, { once: true });
  return new Promise((resolve) => {
    socket.onmessage = ({ data }) => {
      if (!opened) {
        opened = true;
        clearTimeout(timer);
        onOpen(socket);
        resolve(true);
      }
      onMessage(JSON.parse(data));
    };
    socket.onclose = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      resolve(false);
      if (opened) onClose(socket);
    };
  });
}

/** @param {any} message @param {ControlHooks} hooks @param {ReplyQueue} replies */
function dispatch(message, { onPresence, onMeters }, replies) {
  if (message.type === 'presence') onPresence(message.online);
  else if (message.type === 'meters') onMeters(message.panes, message.generation);
  else replies.settle(message);
}

/** Replies have no ids: they belong to the requests in their order. */
function createReplyQueue() {
  /** @type {{ resolve: (message: any) => void, reject: (error: Error) => void }[]} */
  const pending = [];

  return {
    /** The next reply. @param {() => void} onTimeout @returns {Promise<any>} */
    next(onTimeout) {
      const timer = setTimeout(onTimeout, TIMEOUT_MS);
      const reply = new Promise((resolve, reject) => pending.push({ resolve, reject }));
      return reply.finally(() => clearTimeout(timer));
    },
    /** @param {any} message */
    settle(message) {
      if (message.type === 'error') pending.shift()?.reject(replyError(message));
      else pending.shift()?.resolve(message);
    },
    /** @param {Error} error */
    rejectAll(error) {
      for (const { reject } of pending.splice(0)) reject(error);
    },
  };
}

/** A rejected request, with its HTTP status. @param {{ title: string, status: number }} message */
function replyError({ title, status }) {
  return Object.assign(new Error(title), { status });
}

/** @typedef {ReturnType<typeof createReplyQueue>} ReplyQueue */
/** @typedef {ReturnType<typeof createControl>} Control */
