/**
 * The document of one client: its replica, its editor, and everybody's carets.
 *
 * @typedef {import('../../apps/document.js').Change} Change
 * @typedef {import('../../apps/editor.js').Shown} Shown
 * @typedef {import('../../model/types.js').Gap} Gap
 * @typedef {import('./context.js').Context} Context
 * @typedef {import('./context.js').Update} Update
 */
import { documentApp } from '../../apps/document.js';
import { Editor } from '../../apps/editor.js';
import { createCarets } from './carets.js';
import { ReplicaModel } from './replica-model.js';

/** What is typed within this time becomes one message. */
const BURST_MS = 150;

/** A caret that moves is published at most this often. */
const CARET_INTERVAL_MS = 300;

/** With more pages than this, carets are seen only where something is typed. */
const MAX_CARET_PAGES = 30;

export class DocumentModel extends ReplicaModel {
  #carets;
  #publishCaret;
  /** Runs while a burst is collected. @type {ReturnType<typeof setTimeout> | undefined} */
  #burst;
  #isFlushDue = false;

  /** @param {Context} context */
  constructor(context) {
    super(documentApp, context, {
      onLost: (changes) => this.offer('The place where this was typed is gone', insertedText(changes)),
      onChange: () => this.#onChange(),
    });
    this.#carets = createCarets(context.author);
    this.#publishCaret = createCaretPublisher(context);
    this.editor = new Editor(this.client.replica);
  }

  get content() {
    return { text: this.editor.text };
  }

  /** @param {Update} update */
  receive(update) {
    this.client.receive(update);
    this.#carets.receive(update.messages, performance.now());
    this.editor.refresh();
  }

  /** @param {Gap} gap @param {number} since */
  skip({ reason }, since) {
    const { text } = this.editor;
    this.#carets.clear();
    this.client.skipTo(since);
    this.editor.refresh();
    if (reason !== 'truncated') this.offer('The server has a new log, and this text is not in it', text);
  }

  /** Replaces a part of what its user sees. @param {number} start @param {number} end
   * @param {string} text @param {Shown[]} seen @returns {string} the anchor of the caret after it */
  replace(start, end, text, seen) {
    const caret = this.editor.replace(start, end, text, performance.now(), seen);
    this.#burst ??= setTimeout(() => {
      this.#burst = undefined;
      this.#isFlushDue = true;
      this.#flushWhenIdle();
    }, BURST_MS);
    this.context.onChange();
    return caret;
  }

  /** Sends what was typed. */
  flush() {
    this.#isFlushDue = false;
    this.editor.flush();
  }

  undo() {
    this.editor.undo();
    this.context.onChange();
  }

  redo() {
    this.editor.redo();
    this.context.onChange();
  }

  /** The caret or the selection has moved. @param {number} start @param {number} end
   * @param {Shown[]} seen */
  select(start, end, seen) {
    if (this.isReady) this.#publishCaret(this.editor.anchorAt(start, seen), this.editor.anchorAt(end, seen));
  }

  carets() {
    return this.#carets.visible(performance.now());
  }

  #onChange() {
    this.#flushWhenIdle();
    this.context.onChange();
  }

  /** While a message is on its way, the draft grows. */
  #flushWhenIdle() {
    if (this.#isFlushDue && this.client.isIdle) this.flush();
  }
}

/** @param {Change[]} changes */
const insertedText = (changes) => changes.map(({ insert }) => insert).join('');

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
