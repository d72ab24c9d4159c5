/**
 * The heartbeat of a WebSocket. A phone can keep a socket whose `readyState` is OPEN although
 * its connection is dead, so the page sends pings, and one whenever it becomes visible.
 */

const PING_INTERVAL_MS = 15_000;
const PONG_TIMEOUT_MS = 5000;

/**
 * @param {WebSocket} socket
 * @param {() => void} onTimeout called when the server sends nothing after a ping
 * @returns {() => void} stops the heartbeat
 */
export function startHeartbeat(socket, onTimeout) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let deadline;

  const ping = () => {
    if (deadline !== undefined) return;
    deadline = setTimeout(onTimeout, PONG_TIMEOUT_MS);
    if (socket.readyState === WebSocket.OPEN) {
      socket.send(JSON.stringify({ type: 'ping', t: Math.round(performance.now()) }));
    }
  };
  const clearDeadline = () => {
    clearTimeout(deadline);
    deadline = undefined;
  };
  const onVisibilityChange = () => {
    if (document.visibilityState === 'visible') ping();
  };

  ping(); // the opening handshake can time out, too
  const timer = setInterval(ping, PING_INTERVAL_MS);
  socket.addEventListener('open', clearDeadline);
  socket.addEventListener('message', clearDeadline);
  document.addEventListener('visibilitychange', onVisibilityChange);
  return () => {
    clearDeadline();
    clearInterval(timer);
    document.removeEventListener('visibilitychange', onVisibilityChange);
  };
}
