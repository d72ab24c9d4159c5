/**
 * Builders for the unit tests.
 *
 * @typedef {import('../../model/events.js').Receipt} Receipt
 * @typedef {import('../../model/types.js').Batch} Batch
 * @typedef {import('../../model/types.js').Exchange} Exchange
 * @typedef {import('../../model/types.js').Message} Message
 * @typedef {import('../../model/types.js').Update} Update
 */

/** @type {Exchange} */
export const EXCHANGE = { id: 1, path: '/poll', sentAt: 0, requestedAt: 0, upMs: 0, downMs: 0 };

/** @param {number} version @param {Partial<Message>} [fields] @returns {Message} */
export function message(version, fields = {}) {
  return { version, id: `m-${version}`, at: 0, sender: '', kind: 'chat', body: 'hi', ...fields };
}

/** A batch of the messages after `since`. @param {number} since @param {number} version
 *  @param {Partial<Batch>} [fields] @returns {Batch & Update} */
export function batch(since, version, fields = {}) {
  const messages = Array.from({ length: version - since }, (_, index) => message(since + 1 + index));
  const head = version;
  return { type: 'batch', epoch: 'e', since, version, head, messages, exchange: EXCHANGE, ...fields };
}

/** The receipt of one new message, with its latency. @param {number} version
 *  @param {Partial<Receipt>} [fields] @param {number} [ms] @returns {Receipt} */
export function receiptOf(version, fields = {}, ms = 1) {
  const delivery = { message: message(version), latency: { ms, error: 0 }, bytes: 4, isMeasured: true };
  return {
    newMessages: [delivery],
    duplicates: 0,
    displayedVersion: version,
    head: version,
    staleAfter: null,
    messages: [message(version)],
    gap: null,
    ...fields,
  };
}

/** Runs the event loop until the condition holds. @param {() => boolean} condition */
export async function until(condition) {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

/** A measurement of a report of `trifold load --sweep`. @param {string} transport
 *  @param {number} rate @param {number} [bytes] per client and second */
export function sweepEntry(transport, rate, bytes = 300 * rate) {
  return {
    rate,
    transport,
    clients: 100,
    requests_per_client_second: transport === 'poll' ? 1 : 0,
    upload_bytes_per_client_second: bytes / 10,
    download_bytes_per_client_second: (bytes * 9) / 10,
    latency_ms: null,
    server_cores: null,
    cpu_us_per_client_second: transport === 'ws' ? null : 50,
    memory_per_client: 9000,
  };
}

/** A report of three rates and three transports, the last one first. */
export function sweepReport() {
  const sweep = [10, 1, 0.1].flatMap((rate) => [
    sweepEntry('poll', rate, 300 + 200 * rate),
    sweepEntry('longpoll', rate, 600 * rate),
    sweepEntry('ws', rate),
  ]);
  return { version: '0.1.0', target: 'http://127.0.0.1:8080', parameters: { duration_seconds: 60 }, sweep, crossings: [], warnings: [], ok: true };
}
