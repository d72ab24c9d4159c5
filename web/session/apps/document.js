/**
 * The document of one client: its replica, its editor, and everybody's carets.
 *
 * @typedef {import('../../apps/document.js').Change} Change
 * @typedef {import('../../apps/replica.js').Stored} Stored
 * @typedef {import('../../model/types.js').Gap} Gap
 * @typedef {import('./context.js').Context} Context
 * @typedef {import('./context.js').Update} Update
 */
import { documentApp } from '../../apps/document.js';
import { Editor } from '../../apps/editor.js';
import { createReplicaClient } from '../replica-client.js';
import { createCarets } from './carets.js';

/** What is typed within this time becomes one message. */
const BURST_MS = 150;

/** A caret that moves is published at most this often. */
const CARET_INTERVAL_MS = 300;

/** With more pages than this, carets are seen only where something is typed. */
const MAX_CARET_PAGES = 30;

/** @param {Context} context */
export function createDocumentModel(context) {
  const client = createReplicaClient(documentApp, context.author, context.since, {
    publish: (body, id) => context.publish('document', body, id),
    online: context.online,
    onLost: (changes) => offer(context, 'The place where this was typed is gone', insertedText(changes)),
    onError: context.onNotice,
    onChange() {
      flushWhenIdle();
      context.onChange();
    },
  });
  const { replica } = client;
  const editor = new Editor(replica);
  const carets = createCarets(context.author);
  const publishCaret = createCaretPublisher(context);
  let isFlushDue = false;

  function flushWhenIdle() {
    if (isFlushDue && client.isIdle) flush();
  }

  /** Sends what was typed. */
  function flush() {
    isFlushDue = false;
    editor.flush();
  }

  function scheduleFlush() {
    setTimeout(() => {
      isFlushDue = true;
      flushWhenIdle();
    }, BURST_MS);
    context.onChange();
  }

  return {
    editor,
    flush,
    /** @param {Update} update */
    receive(update) {
      client.receive(update);
      carets.receive(update.messages, performance.now());
      editor.refresh();
    },
    /** @param {Gap} gap @param {number} since */
    skip({ reason }, since) {
      const { text } = editor;
      carets.clear();
      client.skipTo(since);
      editor.refresh();
      if (reason !== 'truncated') offer(context, 'The server has a new log, and this text is not in it', text);
    },
    store: client.store,
    adopt: client.adopt,
    /** @param {number} start @param {number} end @param {string} text */
    replace(start, end, text) {
      editor.replace(start, end, text, performance.now());
      scheduleFlush();
    },
    undo() {
      editor.undo();
      context.onChange();
    },
    redo() {
      editor.redo();
      context.onChange();
    },
    /** The caret or the selection has moved. @param {number} start @param {number} end */
    select(start, end) {
      if (client.isReady) publishCaret(editor.anchorAt(start), editor.anchorAt(end));
    },
    carets: () => carets.visible(performance.now()),
    get isReady() {
      return client.isReady;
    },
    get pending() {
      return replica.pending.length;
    },
    get version() {
      return replica.version;
    },
    get content() {
      return { text: editor.text };
    },
  };
}

/** @param {Change[]} changes */
const insertedText = (changes) => changes.map(({ insert }) => insert).join('');

/** @param {Context} context @param {string} reason @param {string} text */
function offer({ onOffer }, reason, text) {
  if (text !== '') onOffer({ reason, text });
}

/** Publishes where the caret is, after it has come to rest. @param {Context} context */
function createCaretPublisher({ publish, author, online }) {
  let count = 0;
  let current = '';
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  return (/** @type {string} */ anchor, /** @type {string} */ head) => {
    const position = JSON.stringify({ anchor, head });
    const isSeen = online() > 1 && online() <= MAX_CARET_PAGES;
    if (position === current || !isSeen) return;
    current = position;
    timer ??= setTimeout(() => {
      timer = undefined;
      publish('caret', JSON.parse(current), `${author}-caret${++count}`).catch(() => {});
    }, CARET_INTERVAL_MS);
  };
}

/** @typedef {ReturnType<typeof createDocumentModel>} DocumentModel */
