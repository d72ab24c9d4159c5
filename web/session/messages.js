/**
 * Both ends of a message: publishing it, and measuring its delivery.
 *
 * @typedef {import('../model/events.js').Delivery} Delivery
 * @typedef {import('../model/events.js').PageEvent} PageEvent
 * @typedef {import('../model/timeline.js').Timeline} Timeline
 * @typedef {import('../model/types.js').Message} Message
 * @typedef {import('../model/types.js').MessageContent} MessageContent
 * @typedef {import('./connection.js').Connection} Connection
 */
import { createLatencyMeter } from '../model/latency.js';
import { createOutbox } from '../net/outbox.js';

/** How often the clocks are checked for a jump. */
const CLOCK_CHECK_MS = 1000;

/** Without an acknowledgement for this long, a message in the outbox is waiting. */
const WAITING_MS = 1000;

/**
 * @param {string} client the name of this page, and the prefix of its message ids
 * @param {Connection} connection
 * @param {Timeline} timeline
 * @param {(event: PageEvent) => void} record
 * @param {() => void} onChange
 */
export function createMessages(client, { control, clock }, timeline, record, onChange) {
  let count = 0;
  let queued = 0;
  let acknowledgedAt = 0;
  const latencyMeter = createLatencyMeter(clock, () => document.hidden);
  setInterval(latencyMeter.checkClock, CLOCK_CHECK_MS);
  const outbox = createOutbox(control, (length) => {
    if (length < queued || queued === 0) acknowledgedAt = performance.now();
    queued = length;
    onChange();
    if (length > 0) setTimeout(onChange, WAITING_MS); // to show that they are waiting
  });

  return {
    /** Resolves with the version. @param {MessageContent} message @param {string} [id] to publish it under, safe to repeat */
    async publish(message, id = `${client}-${++count}`) {
      latencyMeter.markPublished(id);
      const { version } = await outbox.publish({ id, ...message });
      record({ type: 'published', id, version });
      return version;
    },
    /** @param {Message} message @param {number} arrivedAt @returns {Delivery} */
    measure(message, arrivedAt) {
      const isNewest = message.version > timeline.pageStats.newestRemote;
      if (isNewest && !latencyMeter.isOwnMessage(message.id)) record({ type: 'remote', message });
      const bytes = new TextEncoder().encode(JSON.stringify(message.body)).length;
      return { message, bytes, ...latencyMeter.measure(message, arrivedAt) };
    },
    /** The tab is visible again. */
    resumeMeasuring: latencyMeter.resume,
    /** Messages that wait to be sent; a single one is on its way at first. */
    get waiting() {
      const isLate = performance.now() - acknowledgedAt >= WAITING_MS;
      return queued > 1 || isLate ? queued : 0;
    },
  };
}

/** @typedef {ReturnType<typeof createMessages>} Messages */
