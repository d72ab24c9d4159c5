/**
 * The techniques by name. All have one signature: a loop that yields what the server answers.
 * Who takes an answer moves the cursor before it asks for the next.
 *
 * @typedef {import('../model/types.js').Answer} Answer
 * @typedef {import('../model/types.js').Cursor} Cursor
 * @typedef {import('../net/client.js').Wire} Wire
 *
 * @typedef {(wire: Wire, cursor: () => Cursor, signal: AbortSignal, every: number) =>
 *           AsyncGenerator<Answer, void>} Technique
 *   `every` is the polling interval in milliseconds.
 *
 * @typedef {'interval' | 'interval-guard' | 'chained' | 'chained-backoff' | 'longpoll' | 'ws'}
 *   TechniqueId
 * @typedef {'poll' | 'longpoll' | 'ws'} Family
 */
import { longpoll } from './longpoll.js';
import { backOff } from '../net/retry.js';
import { careful, chained, guarded, interval } from './poll.js';
import { ws } from './ws.js';

/**
 * `retry` is the pause before a loop that failed is started again; a loop without it never
 * fails, because it never looks.
 *
 * @type {Record<TechniqueId, { family: Family, label: string, loop: Technique,
 *        retry?: (failures: number, every: number) => number }>}
 */
export const techniques = {
  'interval': { family: 'poll', label: 'interval', loop: interval },
  'interval-guard': { family: 'poll', label: 'interval + guard', loop: guarded },
  'chained': {
    family: 'poll',
    label: 'chained',
    loop: chained,
    retry: (_, every) => every,
  },
  'chained-backoff': {
    family: 'poll',
    label: 'chained + back-off',
    loop: careful,
    retry: (failures, every) => Math.max(every, backOff(failures)),
  },
  'longpoll': { family: 'longpoll', label: 'long poll', loop: longpoll, retry: backOff },
  'ws': { family: 'ws', label: 'WebSocket', loop: ws, retry: backOff },
};

export const techniqueIds = /** @type {TechniqueId[]} */ (Object.keys(techniques));
