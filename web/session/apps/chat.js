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

/** @param {Context} context */
export function createChatModel(context) {
  const { author, senderName, publish, onChange } = context;
  let count = 0;
  let version = context.since;
  let hasCaughtUp = false;
  const overhead = { messages: 0, bytes: 0 };
  const nextId = () => `${author}-${++count}`;
  const chat = new Chat(author);
  const receipts = createReceipts(context, nextId, () => chat.newestRemote);
  const typing = createTypingNotice(context, nextId);

  /** @param {StoredLine} line */
  function transmit({ id, text }) {
    publish('chat', text, id).then(
      () => chat.acknowledge(id),
      (error) => context.onOffer({ reason: error.message, text: chat.reject(id) }),
    ).finally(onChange);
  }

  return {
    chat,
    typing,
    /** Messages about typing and receipts so far: what they cost besides the lines. */
    overhead,
    flush() {},
    /** @param {Update} update */
    receive(update) {
      chat.receive(update.messages, performance.now());
      if (hasCaughtUp) countOverhead(overhead, update.messages);
      version = update.version;
      hasCaughtUp ||= version >= update.head;
      if (hasCaughtUp) receipts.schedule();
      onChange();
    },
    /** @param {Gap} gap @param {number} since */
    skip({ reason }, since) {
      if (reason !== 'truncated') chat.restart();
      version = since;
      receipts.restart();
      onChange();
    },
    /** @param {string} text */
    send(text) {
      if (text.length > MAX_LENGTH) throw new Error(`A line has at most ${MAX_LENGTH} characters`);
      const line = { id: nextId(), sender: senderName(), text };
      chat.add(line.id, line.sender, text);
      typing.stop();
      transmit(line);
      onChange();
    },
    /** @returns {{ entries: StoredLine[] }} */
    store: () => ({ entries: chat.pending.map(({ id, sender, text }) => ({ id, sender, text })) }),
    /** Lines refer to nothing: they can be sent to any log. @param {{ entries: StoredLine[] }} stored */
    adopt({ entries }) {
      for (const line of entries) {
        chat.add(line.id, line.sender, line.text);
        transmit(line);
      }
    },
    get isReady() {
      return hasCaughtUp;
    },
    get pending() {
      return chat.pending.length;
    },
    get version() {
      return version;
    },
    get content() {
      return { lines: chat.lines.map(({ id, sender, text }) => ({ id, sender, text })) };
    },
  };
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

/** @typedef {ReturnType<typeof createChatModel>} ChatModel */
