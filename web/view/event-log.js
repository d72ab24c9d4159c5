/**
 * The events of a pane in words: open, send, receive, close.
 *
 * @typedef {import('../model/events.js').TimedPaneEvent} TimedPaneEvent
 * @typedef {import('../model/types.js').Update} Update
 */
import { durationText } from '../model/format.js';
import { h } from './dom.js';

const MAX_LINES = 14;

/** @param {TimedPaneEvent} event @returns {string | null} */
function textOf(event) {
  switch (event.type) {
    case 'request': {
      const { path } = event.exchange;
      return `send   GET ${path}${path === '/ws' ? ', Upgrade: websocket' : ''}`;
    }
    case 'open':
      return 'open   101 Switching Protocols';
    case 'response':
      return `receive ${updateText(event.update)}`;
    case 'frame':
      return `message ${updateText(event.update)}`;
    case 'error':
      return `error  ${event.reason}`;
    case 'cancel':
      return 'cancel by this page';
    case 'close':
      return `close  ${event.code} ${event.reason || (event.expected ? 'by this page' : 'no reason given')}`;
    case 'pause':
      return `wait   ${durationText(event.ms)}`;
    default:
      return null;
  }
}

/** @param {Update} update */
function updateText(update) {
  if (update.type === 'gap') return `gap, ${update.reason}`;
  return update.messages.length === 0 ? 'no messages' : `up to #${update.version}`;
}

/** @param {string} id */
export function mountEventLog(id) {
  const element = h('ol', {
    'class': 'event-log',
    'tabindex': '0',
    'aria-label': 'Events, newest first',
    'data-testid': `${id}-log`,
  });
  return {
    element,
    /** @param {TimedPaneEvent[]} events up to the moment shown @param {number} start of the run */
    draw(events, start) {
      const lines = [];
      for (const event of events.toReversed()) {
        const text = textOf(event);
        if (!text) continue;
        const time = `${((event.at - start) / 1000).toFixed(2)}\u00a0s`;
        lines.push(h('li', {}, h('span', { class: 'version' }, time), h('span', { class: 'body' }, text)));
        if (lines.length === MAX_LINES) break;
      }
      element.replaceChildren(...lines);
    },
  };
}
