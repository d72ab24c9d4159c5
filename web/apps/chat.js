/**
 * The chat: the lines of the log, and what this client has written and not read yet. A line keeps
 * its id when it is sent again, so a retry never doubles it.
 *
 * Next to the lines there are two kinds of short messages. "received" tells up to which version a
 * client has read, and "typing" that its user is writing.
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

export class Chat {
  #self;
  /** Of the log. @type {Line[]} */
  #confirmed = [];
  /** Of this client, and of its page before a reload. @type {Set<string>} */
  #ownIds = new Set();
  /** Up to which version a client has read. @type {Map<string, number>} */
  #received = new Map();
  /** @type {Map<string, Typist>} */
  #typists = new Map();

  /** @param {string} self the name of this client, and the prefix of its message ids */
  constructor(self) {
    this.#self = self;
    /** Lines of this client that are not in the log yet, as far as it knows. @type {Line[]} */
    this.pending = [];
  }

  /** In the order of the log, and then what is not in it yet. @returns {Line[]} */
  get lines() {
    return [...this.#confirmed, ...this.pending];
  }

  /** @param {Message[]} messages in order @param {number} now */
  receive(messages, now) {
    for (const message of messages) {
      if (message.kind === 'chat' && typeof message.body === 'string') this.#receiveLine(message);
      else this.#receiveNotice(message, now);
    }
    if (this.#confirmed.length > MAX_LINES) this.#confirmed = this.#confirmed.slice(-MAX_LINES);
  }

  /** A line of this client. @param {string} id @param {string} sender @param {string} text */
  add(id, sender, text) {
    this.#ownIds.add(id);
    const state = { version: null, at: null, isOwn: true, isSent: false, isEarlier: false };
    this.pending.push({ id, author: this.#self, sender, text, ...state });
  }

  /** The server has appended a line. @param {string} id */
  acknowledge(id) {
    const line = this.pending.find((one) => one.id === id);
    if (line) line.isSent = true;
  }

  /** The server has rejected a line. @param {string} id @returns {string} its text */
  reject(id) {
    const line = this.pending.find((one) => one.id === id);
    this.pending = this.pending.filter((one) => one !== line);
    return line?.text ?? '';
  }

  /** The log was replaced: lines remain to be read, and the versions start again. */
  restart() {
    for (const line of this.#confirmed) line.isEarlier = true;
    this.#received.clear();
    this.#typists.clear();
  }

  /** To how many other clients a line was delivered. @param {Line} line */
  deliveredTo({ version, isEarlier }) {
    if (version === null || isEarlier) return 0;
    return [...this.#received].filter(([author, through]) => author !== this.#self && through >= version).length;
  }

  /** The names of the other clients that write now. @param {number} now */
  typingNames(now) {
    return [...this.#typists.values()].filter(({ until }) => until > now).map(({ name }) => name);
  }

  /** The version of the newest line of another client; 0 if there is none. */
  get newestRemote() {
    return this.#confirmed.findLast(({ isOwn, isEarlier }) => !isOwn && !isEarlier)?.version ?? 0;
  }

  /** @param {Message} message */
  #receiveLine({ id, version, at, sender, body }) {
    const author = authorOf(id);
    const isOwn = author === this.#self || this.#ownIds.has(id);
    this.pending = this.pending.filter((line) => line.id !== id);
    this.#confirmed.push({ id, author, sender, text: String(body), version, at, isOwn, isSent: true, isEarlier: false });
    this.#typists.delete(author);
  }

  /** @param {Message} message @param {number} now */
  #receiveNotice({ id, sender, kind, body }, now) {
    const author = authorOf(id);
    if (kind === 'received' && Number.isSafeInteger(body)) {
      this.#received.set(author, Math.max(this.#received.get(author) ?? 0, Number(body)));
    }
    if (kind !== 'typing' || author === this.#self) return;
    if (body === true) this.#typists.set(author, { name: sender, until: now + TYPING_MS });
    else this.#typists.delete(author);
  }
}

/** Splits a text into words and links. @param {string} text
 *  @returns {{ text: string, href: string | null }[]} */
export function splitLinks(text) {
  const parts = text.split(/(https?:\/\/[^\s<>"]*[^\s<>"'.,;:!?)\]}])/);
  return parts
    .map((part, index) => ({ text: part, href: index % 2 === 1 ? part : null }))
    .filter((part) => part.text !== '');
}
