/**
 * The heartbeat: a phone can leave a socket that says OPEN and is dead, so the page asks now
 * and then, and whenever it becomes visible again.
 */

/** How often to ask, and how long to wait for any sign of life; in milliseconds. */
const PROBE_EVERY = 15_000;
const LIFE_WITHIN = 5000;

/**
 * @param {WebSocket} socket
 * @param {() => void} onDead called once, when the server did not answer
 * @returns {() => void} ends the probing
 */
export function probe(socket, onDead) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let deadline;

  const ask = () => {
    if (deadline !== undefined) return;
    deadline = setTimeout(onDead, LIFE_WITHIN);
    if (socket.readyState === WebSocket.OPEN) {
      socket.send(JSON.stringify({ type: 'ping', t: Math.round(performance.now()) }));
    }
  };
  const alive = () => {
    clearTimeout(deadline);
    deadline = undefined;
  };
  const onVisible = () => {
    if (document.visibilityState === 'visible') ask();
  };

  ask(); // the opening handshake, too, may never be answered
  const timer = setInterval(ask, PROBE_EVERY);
  socket.addEventListener('open', alive);
  socket.addEventListener('message', alive);
  document.addEventListener('visibilitychange', onVisible);
  return () => {
    alive();
    clearInterval(timer);
    document.removeEventListener('visibilitychange', onVisible);
  };
}
