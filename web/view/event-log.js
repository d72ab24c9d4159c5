/**
 * What happened on the wire of one pane, in words: open, send, message, close.
 *
 * @typedef {import('../model/events.js').LabEvent} LabEvent
 */
import { durationText } from '../model/format.js';
import { h } from './dom.js';

const LINES = 14;

/** @param {LabEvent} event @returns {string | null} */
function wordsOf(event) {
  switch (event.type) {
    case 'request':
      return event.path === '/ws' ? 'send   GET /ws, Upgrade: websocket' : `send   GET ${event.path}`;
    case 'open':
      return 'open   101 Switching Protocols';
    case 'answer':
    case 'frame': {
      const word = event.type === 'frame' ? 'message' : 'receive';
      const { answer } = event;
      if (answer.type === 'gap') return `${word} gap, ${answer.reason}`;
      const { length } = answer.messages;
      return `${word} ${length === 0 ? 'nothing new' : `up to #${answer.version}`}`;
    }
    case 'error':
      return `error  ${event.reason}`;
    case 'cancel':
      return 'given up by this page';
    case 'close':
      return `close  ${event.code} ${event.reason || (event.meant ? 'by this page' : 'no reason given')}`;
    case 'pause':
      return `wait   ${durationText(event.ms)}`;
    default:
      return null;
  }
}

/** @param {string} id */
export function mountLog(id) {
  const element = h('ol', { 'class': 'log', 'tabindex': '0', 'aria-label': 'Events, newest first', 'data-testid': `${id}-log` });
  return {
    element,
    /** @param {LabEvent[]} events of this pane, up to now @param {number} start */
    draw(events, start) {
      const lines = [];
      for (let index = events.length - 1; index >= 0 && lines.length < LINES; index--) {
        const event = events[index];
        const words = event && wordsOf(event);
        if (!event || !words) continue;
        const at = `${((event.at - start) / 1000).toFixed(2)}\u00a0s`;
        lines.push(h('li', {}, h('span', { class: 'version' }, at), h('span', { class: 'body' }, words)));
      }
      element.replaceChildren(...lines);
    },
  };
}
