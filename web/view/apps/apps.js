/** The apps: their models, their views, and the transport that each would want. */
import { BoardModel } from '../../session/apps/board.js';
import { ChatModel } from '../../session/apps/chat.js';
import { DocumentModel } from '../../session/apps/document.js';
import { BoardView } from './board.js';
import { mountChat } from './chat.js';
import { DocumentView } from './document.js';

/**
 * @typedef {object} AppEntry
 * @property {string} label
 * @property {(context: any) => any} createModel
 * @property {(showError: (reason: string) => void) => import('./app-pane.js').AppView} mount
 * @property {string} verb     what others do
 * @property {string[]} kinds  of messages that others do it with
 * @property {string} advice
 */

/** @type {Record<string, AppEntry>} */
export const APPS = {
  chat: {
    label: 'Chat',
    createModel: (context) => new ChatModel(context),
    mount: mountChat,
    verb: 'has written',
    kinds: ['chat'],
    advice: 'Lines are rare and should be seen at once: long polling and WebSocket do that; polling adds half its interval to each line, and sends most of its requests for nothing.',
  },
  board: {
    label: 'Board',
    createModel: (context) => new BoardModel(context),
    mount: (showError) => new BoardView(showError),
    verb: 'has changed the board',
    kinds: ['board'],
    advice: 'Changes are rare, and a second of delay does no harm: polling is enough, and long polling sends fewer requests.',
  },
  document: {
    label: 'Document',
    createModel: (context) => new DocumentModel(context),
    mount: (showError) => new DocumentView(showError),
    verb: 'has changed the document',
    kinds: ['document'],
    advice: 'Each typist publishes up to six changes a second: a WebSocket sends a frame for each; long polling sends a whole request.',
  },
};
