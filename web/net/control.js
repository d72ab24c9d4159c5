/**
 * The control channel: one socket for the page's bookkeeping, so that it takes none of the
 * browser's six connections. What the page publishes goes through it, too.
 *
 * @typedef {import('../model/types.js').Publication} Publication
 * @typedef {{ requests: number, responses: number, empty: number, in_flight: number,
 *             upload_bytes: number, download_bytes: number }} Reading bytes up and down are counted by the server, headers and
 *   frames included
 */
import { backOff } from './retry.js';
import { sleep } from './sleep.js';

/** How long to wait for what the server must say at once; in milliseconds. */
const ANSWER_WITHIN = 10_000;

/**
 * @param {string} client this page's name
 * @param {object} hooks
 * @param {(here: number) => void} hooks.onRoom
 * @param {(panes: Record<string, Reading>, resets: number) => void} hooks.onMeters
 * @param {() => void} hooks.onClosed it was open, and is no longer
 */
export function createControl(client, { onRoom, onMeters, onClosed }) {
  /** @type {WebSocket | null} */
  let socket = null;
  /** Who waits for an answer, in the order in which they asked.
   * @type {{ resolve: (said: any) => void, reject: (error: Error) => void }[]} */
  let waiting = [];

  /** @param {string} reason */
  function drop(reason) {
    const own = socket;
    socket = null;
    own?.close();
    for (const { reject } of waiting.splice(0)) reject(new Error(reason));
    onClosed();
  }

  /** @param {AbortSignal} signal @returns {Promise<boolean>} whether the server says something */
  function connect(signal) {
    const url = new URL(`/lab?client=${client}`, location.href);
    url.protocol = url.protocol.replace('http', 'ws');
    const own = new WebSocket(url);
    const late = setTimeout(() => own.close(), ANSWER_WITHIN);
    const stop = () => (socket === own ? drop('stopped') : own.close());
    signal.addEventListener('abort', stop, { once: true });
    return new Promise((resolve) => {
      // The server speaks first. A socket that is open and silent may be a proxy's.
      let opened = false;
      own.onmessage = ({ data }) => {
        if (!opened) {
          opened = true;
          clearTimeout(late);
          socket = own;
          resolve(true);
        }
        const said = JSON.parse(data);
        if (said.type === 'presence') onRoom(said.online);
        else if (said.type === 'meters') onMeters(said.panes, said.generation);
        else if (said.type === 'error') waiting.shift()?.reject(refusal(said));
        else waiting.shift()?.resolve(said);
      };
      own.onclose = () => {
        clearTimeout(late);
        signal.removeEventListener('abort', stop);
        resolve(false);
        if (socket === own) drop('the control channel broke');
        if (opened) again(signal, 0);
      };
    });
  }

  /** @param {AbortSignal} signal @param {number} failures so far */
  function again(signal, failures) {
    const next = () => join(signal, failures + 1);
    sleep(backOff(failures), signal).then(next, () => {});
  }

  /**
   * Connects. Where that fails it goes on trying, and nobody waits for that: a proxy may let no
   * WebSocket through, and what needs none works there.
   *
   * @param {AbortSignal} signal
   * @param {number} [failures] so far
   * @returns {Promise<void>} when the first attempt is over
   */
  async function join(signal, failures = 0) {
    if (signal.aborted || (await connect(signal))) return;
    again(signal, failures);
  }

  /** @param {object} message @returns {Promise<any>} what the server says to it */
  function ask(message) {
    const own = socket;
    if (own?.readyState !== WebSocket.OPEN) return Promise.reject(new Error('not connected'));
    own.send(JSON.stringify(message));
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => own === socket && drop('no answer in time'), ANSWER_WITHIN);
      const settle = () => clearTimeout(late);
      waiting.push({
        resolve: (said) => (settle(), resolve(said)),
        reject: (error) => (settle(), reject(error)),
      });
    });
  }

  return {
    join,
    ask,
    get open() {
      return socket?.readyState === WebSocket.OPEN;
    },
  };
}

/** What the server refused, and with which status. @param {{ title: string, status: number }} said */
function refusal({ title, status }) {
  return Object.assign(new Error(title), { status });
}

/** @typedef {ReturnType<typeof createControl>} Control */
