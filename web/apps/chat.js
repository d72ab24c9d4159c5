/**
 * The chat: the lines of the log, and what this client has written and not read yet. A line keeps
 * its id when it is sent again, so a retry never doubles it.
 *
 * Next to the lines there are two kinds of short messages. "received" tells up to which version a
 * client has read, and "typing" that somebody writes.
 *
 * @typedef {import('../model/types.js').Message} Message
 *
 * @typedef {object} Line
 * @property {string} id
 * @property {string} author a client
 * @property {boolean} isOwn
 * @property {string} sender its name
 * @property {string} text
 * @property {number | null} version null: not in the log yet
 * @property {number | null} at by the server's clock, in milliseconds since 1970
 * @property {boolean} isSent the server has acknowledged it
 * @property {boolean} isEarlier of a log that is gone
 *
 * @typedef {{ name: string, until: number }} Typist
 */

/** Most lines that are kept; older ones are dropped. */
export const MAX_LINES = 1000;

/** Longest line, in UTF-16 units. */
export const MAX_LENGTH = 4000;

/** How long a "typing" message counts. It is repeated before. */
export const TYPING_MS = 6000;

/** The client that published a message: its ids are its name and a number. @param {string} id */
export function authorOf(id) {
  return id.slice(0, Math.max(0, id.lastIndexOf('-'))) || id;
}

/** @param {string} self the name of this client, and the prefix of its message ids */
export function createChat(self) {
  /** @type {Line[]} */
  let lines = [];
  /** @type {Line[]} */
  let pending = [];
  /** Of this client, and of its page before a reload. @type {Set<string>} */
  const ownIds = new Set();
  /** @type {Map<string, number>} up to which version a client has read */
  const received = new Map();
  /** @type {Map<string, Typist>} */
  const typists = new Map();

  /** @param {Message} message @param {string} author @param {number} now */
  function apply({ id, version, at, sender, kind, body }, author, now) {
    if (kind === 'chat' && typeof body === 'string') {
      pending = pending.filter((line) => line.id !== id);
      lines.push({ id, author, isOwn: ownIds.has(id) || author === self, sender, text: body, version, at, isSent: true, isEarlier: false });
      typists.delete(author);
    } else if (kind === 'received' && Number.isSafeInteger(body)) {
      received.set(author, Math.max(received.get(author) ?? 0, Number(body)));
    } else if (kind === 'typing' && author !== self) {
      if (body === true) typists.set(author, { name: sender, until: now + TYPING_MS });
      else typists.delete(author);
    }
  }

  return {
    /** @param {Message[]} messages in order @param {number} now */
    receive(messages, now) {
      for (const message of messages) apply(message, authorOf(message.id), now);
      if (lines.length > MAX_LINES) lines = lines.slice(-MAX_LINES);
    },
    /** A line of this client. @param {string} id @param {string} sender @param {string} text */
    add(id, sender, text) {
      ownIds.add(id);
      const line = { id, author: self, isOwn: true, sender, text, version: null, at: null, isSent: false, isEarlier: false };
      pending.push(line);
    },
    /** The server has appended a line. @param {string} id */
    acknowledge(id) {
      const line = pending.find((one) => one.id === id);
      if (line) line.isSent = true;
    },
    /** The server has rejected a line. @param {string} id @returns {string} its text */
    reject(id) {
      const line = pending.find((one) => one.id === id);
      pending = pending.filter((one) => one !== line);
      return line?.text ?? '';
    },
    /** The log was replaced: lines remain to be read, and the versions start again. */
    restart() {
      for (const line of lines) line.isEarlier = true;
      received.clear();
      typists.clear();
    },
    /** To how many other clients a line was delivered. @param {Line} line */
    deliveredTo({ version, isEarlier }) {
      if (version === null || isEarlier) return 0;
      return [...received].filter(([author, through]) => author !== self && through >= version).length;
    },
    /** Who writes now. @param {number} now */
    typingNames: (now) => [...typists.values()].filter(({ until }) => until > now).map(({ name }) => name),
    /** In the order of the log, and then what is not in it yet. @returns {Line[]} */
    get lines() {
      return [...lines, ...pending];
    },
    get pending() {
      return pending;
    },
    /** The version of the newest line of another client; 0 if there is none. */
    get newestRemote() {
      return lines.findLast(({ author, isEarlier }) => author !== self && !isEarlier)?.version ?? 0;
    },
  };
}

/** Splits a text into words and links. @param {string} text
 *  @returns {{ text: string, href: string | null }[]} */
export function splitLinks(text) {
  const parts = text.split(/(https?:\/\/[^\s<>"]*[^\s<>"'.,;:!?)\]}])/);
  return parts
    .map((part, index) => ({ text: part, href: index % 2 === 1 ? part : null }))
    .filter((part) => part.text !== '');
}

/** @typedef {ReturnType<typeof createChat>} Chat */
