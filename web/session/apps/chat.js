/**
 * The chat of one client: its lines, who is typing, and what was received.
 *
 * @typedef {import('../../model/types.js').Gap} Gap
 * @typedef {import('./context.js').Context} Context
 * @typedef {import('./context.js').Update} Update
 * @typedef {{ id: string, sender: string, text: string }} StoredLine
 */
import { Chat, MAX_LENGTH, TYPING_MS } from '../../apps/chat.js';

/** A receipt waits so long, for each page that is online: 300 pages together send 5 a second. */
const RECEIPT_SPREAD_MS = 200;

export class ChatModel {
  #context;
  #nextId;
  #receipts;
  #hasCaughtUp = false;

  /** @param {Context} context */
  constructor(context) {
    let count = 0;
    this.#context = context;
    this.#nextId = () => `${context.author}-${++count}`;
    this.#receipts = createReceipts(context, this.#nextId, () => this.chat.newestRemote);
    this.typing = createTypingNotice(context, this.#nextId);
    this.chat = new Chat(context.author);
    this.version = context.since;
    /** Messages about typing and receipts so far: what they cost in addition to the lines. */
    this.overhead = { messages: 0, bytes: 0 };
  }

  get isReady() {
    return this.#hasCaughtUp;
  }

  get pending() {
    return this.chat.pending.length;
  }

  get content() {
    return { lines: this.chat.lines.map(({ id, sender, text }) => ({ id, sender, text })) };
  }

  /** @param {Update} update */
  receive({ messages, version, head }) {
    this.chat.receive(messages, performance.now());
    if (this.#hasCaughtUp) countOverhead(this.overhead, messages);
    this.version = version;
    this.#hasCaughtUp ||= version >= head;
    if (this.#hasCaughtUp) this.#receipts.schedule();
    this.#context.onChange();
  }

  /** @param {Gap} gap @param {number} since */
  skip({ reason }, since) {
    if (reason !== 'truncated') this.chat.restart();
    this.version = since;
    this.#receipts.restart();
    this.#context.onChange();
  }

  /** @param {string} text */
  send(text) {
    if (text.length > MAX_LENGTH) throw new Error(`A line has at most ${MAX_LENGTH} characters`);
    const line = { id: this.#nextId(), sender: this.#context.senderName(), text };
    this.typing.stop();
    this.#transmit(line);
    this.#context.onChange();
  }

  /** @returns {{ entries: StoredLine[] }} */
  store() {
    return { entries: this.chat.pending.map(({ id, sender, text }) => ({ id, sender, text })) };
  }

  /** Lines refer to nothing: they can be sent to any log. @param {{ entries: StoredLine[] }} stored */
  adopt({ entries }) {
    for (const line of entries) this.#transmit(line);
  }

  /** Every line is sent at once. */
  flush() {}

  /** @param {StoredLine} line */
  async #transmit({ id, sender, text }) {
    const { publish, onOffer, onChange } = this.#context;
    this.chat.add(id, sender, text);
    await publish('chat', text, id).then(
      () => this.chat.acknowledge(id),
      (error) => onOffer({ reason: error.message, text: this.chat.reject(id) }),
    );
    onChange();
  }
}

/** @param {{ messages: number, bytes: number }} overhead @param {Update['messages']} messages */
function countOverhead(overhead, messages) {
  for (const message of messages.filter(({ kind }) => kind === 'typing' || kind === 'received')) {
    overhead.messages += 1;
    overhead.bytes += new TextEncoder().encode(JSON.stringify(message)).length;
  }
}

/** Tells the others up to which line this client has read.
 * @param {Context} context @param {() => string} nextId @param {() => number} newest */
function createReceipts({ publish, online }, nextId, newest) {
  let sent = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  return {
    schedule() {
      if (newest() <= sent) return;
      timer ??= setTimeout(() => {
        timer = undefined;
        sent = newest();
        publish('received', sent, nextId()).catch(() => {});
      }, Math.random() * RECEIPT_SPREAD_MS * Math.max(1, online()));
    },
    /** Another log, with other versions. */
    restart() {
      clearTimeout(timer);
      timer = undefined;
      sent = 0;
    },
  };
}

/** Tells the others that somebody types here. @param {Context} context @param {() => string} nextId */
function createTypingNotice({ publish, online }, nextId) {
  let sentAt = -Infinity;
  /** @param {boolean} isTyping */
  const send = (isTyping) => publish('typing', isTyping, nextId()).catch(() => {});

  return {
    start() {
      const now = performance.now();
      if (online() < 2 || now - sentAt < TYPING_MS / 2) return;
      sentAt = now;
      send(true);
    },
    /** A line is published, or the input is empty. */
    stop() {
      sentAt = -Infinity;
    },
  };
}
