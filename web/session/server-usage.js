/**
 * What the server pays at the moment, from its `/metrics`.
 *
 * @typedef {object} ServerUsage
 * @property {number} connections open
 * @property {number} longPolls   held
 * @property {number} sockets     on `/ws`
 * @property {number} memory      resident, in bytes
 * @property {number | null} cores CPU time per time since the last sample; null: unknown yet
 */

/** @type {Record<'connections' | 'longPolls' | 'sockets' | 'memory' | 'cpu', string>} */
const METRICS = {
  connections: 'trifold_connections_open',
  longPolls: 'trifold_long_polls_in_flight',
  sockets: 'trifold_websockets_open',
  memory: 'process_resident_memory_bytes',
  cpu: 'process_cpu_seconds_total',
};

/** @param {string} text in the OpenMetrics format @param {string} name of a metric without labels */
export function metricOf(text, name) {
  const line = text.split('\n').find((one) => one.startsWith(`${name} `));
  return line ? Number(line.slice(name.length + 1)) : NaN;
}

/** @param {() => boolean} isWanted @param {(usage: ServerUsage | null) => void} onUsage */
export function watchServerUsage(isWanted, onUsage, intervalMs = 2000) {
  /** @type {{ at: number, cpu: number } | null} */
  let before = null;

  async function sample() {
    if (!isWanted()) return;
    const response = await fetch('/metrics', { cache: 'no-store' }).catch(() => null);
    if (!response?.ok) return onUsage(null);
    const text = await response.text();
    const read = (/** @type {keyof typeof METRICS} */ id) => metricOf(text, METRICS[id]);
    const now = { at: performance.now(), cpu: read('cpu') };
    const cores = before ? (1000 * (now.cpu - before.cpu)) / (now.at - before.at) : null;
    before = now;
    onUsage({
      connections: read('connections'),
      longPolls: read('longPolls'),
      sockets: read('sockets'),
      memory: read('memory'),
      cores: cores !== null && cores >= 0 ? cores : null, // the server was restarted
    });
  }

  setInterval(sample, intervalMs);
}
