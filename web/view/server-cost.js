/**
 * What the server pays, in one line below the comparison.
 *
 * @typedef {import('../session/server-usage.js').ServerUsage} ServerUsage
 */
import { bytes, count } from '../model/format.js';
import { h, setText } from './dom.js';

export function mountServerCost() {
  const element = h('p', { 'class': 'server-cost', 'data-testid': 'server-cost' });
  return {
    element,
    /** @param {ServerUsage | null} usage */
    draw: (usage) => setText(element, usage ? usageText(usage) : ''),
  };
}

/** CPU and memory of one process cannot be divided among transports. @param {ServerUsage} usage */
export function usageText({ connections, longPolls, sockets, memory, cores }) {
  const cpu = cores === null ? '' : `, ${(100 * cores).toFixed(1)}\u00a0% of a core`;
  return (
    `The server now: ${plural(connections, 'connection')}, among them ${plural(sockets, 'WebSocket')} ` +
    `and ${plural(longPolls, 'held long poll')}; ` +
    `${bytes(memory)} memory${cpu}, for all transports together`
  );
}

/** @param {number} amount @param {string} noun */
function plural(amount, noun) {
  return `${count(amount)}\u00a0${noun}${amount === 1 ? '' : 's'}`;
}
