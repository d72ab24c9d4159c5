/**
 * Carets: where the others are in the document. A caret is the id of the character before it, so
 * it stays where it is when the text around it changes.
 *
 * @typedef {import('../../model/types.js').Message} Message
 * @typedef {{ author: string, name: string, anchor: string, head: string, at: number }} Caret
 *   Selected is what is between `anchor` and `head`; `at` by `performance.now()`.
 */
import { authorOf } from '../../apps/chat.js';

/** A caret disappears when nothing was heard of it for this long. */
const VISIBLE_MS = 60_000;

/** @param {string} self the author whose own caret is not among them */
export function createCarets(self) {
  /** @type {Map<string, Caret>} */
  const carets = new Map();

  return {
    /** @param {Message[]} messages @param {number} now */
    receive(messages, now) {
      for (const { id, sender: name, kind, body } of messages) {
        const author = authorOf(id);
        const position = author === self ? null : positionOf(kind, body);
        if (position) carets.set(author, { author, name, ...position, at: now });
      }
    },
    clear: () => carets.clear(),
    /** @param {number} now */
    visible: (now) => [...carets.values()].filter(({ at }) => now - at < VISIBLE_MS),
  };
}

/** The caret that a message tells of: a change leaves it behind what it inserted.
 * @param {string} kind @param {any} body @returns {{ anchor: string, head: string } | null} */
function positionOf(kind, body) {
  if (kind === 'caret' && typeof body?.anchor === 'string' && typeof body.head === 'string') {
    return { anchor: body.anchor, head: body.head };
  }
  if (kind !== 'document' || body?.type !== 'change' || typeof body.change?.insert !== 'string') return null;
  const { length } = [...body.change.insert];
  const anchor = length > 0 ? `${body.run}.${length - 1}` : body.change.after;
  return { anchor, head: anchor };
}
