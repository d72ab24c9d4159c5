/**
 * The transports by id. All have the same signature, and the same cursor continues on each.
 *
 * @typedef {import('../model/types.js').TransportId} TransportId
 * @typedef {import('../net/client.js').Transport} Transport
 */
import { backoff } from '../net/retry.js';
import { longpoll } from './longpoll.js';
import { chained, chainedWithTimeout, interval, intervalWithGuard } from './poll.js';
import { ws } from './ws.js';

/**
 * `retryDelayMs` is the pause before a failed transport is started again. Transports without
 * it ignore errors.
 *
 * @type {Record<TransportId, { label: string, run: Transport,
 *        retryDelayMs?: (failures: number, intervalMs: number) => number }>}
 */
export const transports = {
  'interval': { label: 'interval', run: interval },
  'interval-guard': { label: 'interval + guard', run: intervalWithGuard },
  'chained': {
    label: 'chained',
    run: chained,
    retryDelayMs: (_, intervalMs) => intervalMs,
  },
  'chained-backoff': {
    label: 'chained + back-off',
    run: chainedWithTimeout,
    retryDelayMs: (failures, intervalMs) => Math.max(intervalMs, backoff(failures)),
  },
  'longpoll': { label: 'long poll', run: longpoll, retryDelayMs: backoff },
  'ws': { label: 'WebSocket', run: ws, retryDelayMs: backoff },
};

export const transportIds = /** @type {TransportId[]} */ (Object.keys(transports));
