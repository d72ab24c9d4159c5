/**
 * Editing a document: drafts, carets, and undo.
 *
 * What is typed in a burst becomes one change. It is a draft meanwhile: it is shown, and not
 * sent yet. Positions are those of the text that is shown; ids do the rest, even if the list
 * has changed since.
 *
 * @typedef {import('./document.js').Change} Change
 * @typedef {import('./replica.js').Entry} Entry
 * @typedef {import('./replica.js').Replica} Replica
 * @typedef {{ id: string, value: string }} Shown a character on the screen
 * @typedef {{ entry: Entry, deleted: Shown[] }} Step a change, and the text that it deletes
 */
import { MAX_CHARACTERS, MAX_INSERT, rangesOf } from './document.js';
import { START } from './list.js';

/** So many groups of changes can be undone. */
const MAX_UNDO = 200;

/** Former ids of characters that undo has inserted again; older ones are forgotten. */
const MAX_SUCCESSORS = 10_000;

/** Changes without a longer pause in between are undone together. */
const UNDO_PAUSE_MS = 700;

export class Editor {
  #replica;
  #history;
  /** @type {Step | null} */
  #draft = null;

  /** @param {Replica} replica */
  constructor(replica) {
    this.#replica = replica;
    this.#history = new History(replica, (deleted, after, insert) => this.#change(deleted, after, insert));
    /** What is shown. Another array after each change. @type {Shown[]} */
    this.shown = [];
    this.refresh();
  }

  refresh() {
    this.shown = this.#replica.state?.visible() ?? [];
  }

  get text() {
    return this.shown.map(({ value }) => value).join('');
  }

  /** Replaces a part of what its user sees, which may be older than what is shown now.
   * @param {number} start @param {number} end @param {string} text @param {number} now
   * @param {Shown[]} [seen] @returns {string} the anchor of the caret after it */
  replace(start, end, text, now, seen = this.shown) {
    const { state } = this.#replica;
    const deleted = seen.slice(start, end).filter(({ id }) => state.get(id)?.deletedAt === 0);
    const chunks = chunksOf(text);
    const added = chunks.reduce((sum, { length }) => sum + length, 0);
    if (this.shown.length - deleted.length + added > MAX_CHARACTERS) {
      throw new Error(`The text can have at most ${MAX_CHARACTERS} characters`);
    }
    let after = this.anchorAt(start, seen);
    for (const [index, chunk] of chunks.entries()) {
      const step = this.#change(index === 0 ? deleted : [], after, chunk.join(''));
      this.#history.record(step, now);
      if (chunk.length > 0) after = lastIdOf(step.entry);
    }
    this.refresh();
    return after;
  }

  /** Sends the draft. */
  flush() {
    if (this.#draft?.entry.status === 'draft') {
      const { entry } = this.#draft;
      const isEmpty = entry.change.insert === '' && entry.change.delete.length === 0;
      if (isEmpty) this.#replica.drop();
      else this.#replica.transmit(entry);
    }
    this.#draft = null;
  }

  undo() {
    this.flush();
    this.#history.undo();
    this.flush();
    this.refresh();
  }

  redo() {
    this.flush();
    this.#history.redo();
    this.flush();
    this.refresh();
  }

  /** What a caret is anchored to: the nearest visible character before it.
   * @param {number} index of the caret @param {Shown[]} [seen] */
  anchorAt(index, seen = this.shown) {
    const { state } = this.#replica;
    for (let left = index - 1; left >= 0; left--) {
      const character = state.get(seen[left]?.id ?? START);
      if (character) return state.visibleAt(character).id;
    }
    return START;
  }

  /** Where a caret is now. @param {string} id of its anchor */
  indexOf(id) {
    const { state } = this.#replica;
    const character = state?.get(id);
    if (!character) return this.shown.length;
    const visible = state.visibleAt(character);
    return visible.id === START ? 0 : this.shown.findIndex((one) => one.id === visible.id) + 1;
  }

  /** Makes a change, as part of the draft if possible. @param {Shown[]} deleted
   * @param {string} after @param {string} insert @returns {Step} */
  #change(deleted, after, insert) {
    const draft = this.#draft;
    const extended = draft && extend(this.#replica, draft, deleted, after, insert);
    if (draft && extended) {
      const prefix = `${draft.entry.run}.`;
      draft.deleted = [...draft.deleted, ...deleted.filter(({ id }) => !id.startsWith(prefix))];
      this.#replica.revise(draft.entry, extended);
      return draft;
    }
    this.flush();
    const entry = this.#replica.add({ delete: rangesOf(deleted), after, insert });
    this.#draft = { entry, deleted };
    return this.#draft;
  }
}

/** @param {Entry} entry */
function lastIdOf({ run, change }) {
  return `${run}.${[...change.insert].length - 1}`;
}

/** At least one chunk of code points, which may be empty. @param {string} text */
function chunksOf(text) {
  const characters = [...normalized(text)];
  const chunks = [characters.slice(0, MAX_INSERT)];
  for (let index = MAX_INSERT; index < characters.length; index += MAX_INSERT) {
    chunks.push(characters.slice(index, index + MAX_INSERT));
  }
  return chunks;
}

/** One kind of line break, and no half of a surrogate pair. @param {string} text */
function normalized(text) {
  return text.replace(/\r\n?/g, '\n').replace(/\p{Surrogate}/gu, '\ufffd');
}

/** The draft with one more change, or null if that has to be a change of its own.
 * @param {Replica} replica @param {Step} draft @param {Shown[]} deleted @param {string} after
 * @param {string} insert @returns {Change | null} */
function extend(replica, { entry }, deleted, after, insert) {
  if (entry.status !== 'draft' || replica.pending.at(-1) !== entry) return null;
  const { change } = entry;
  const isEmpty = change.insert === '';
  if (insert === '') {
    if (isEmpty) return { ...change, delete: [...change.delete, ...rangesOf(deleted)] };
    const end = rangesOf(deleted);
    const rest = [...change.insert].slice(0, -deleted.length);
    const isEnd = end.length === 1 && end[0]?.[0] === entry.run && end[0][1] === rest.length;
    return isEnd ? { ...change, insert: rest.join('') } : null;
  }
  if (deleted.length > 0) return null;
  if (isEmpty) return { ...change, after, insert };
  const continues = after === lastIdOf(entry) && change.insert.length + insert.length <= MAX_INSERT;
  return continues ? { ...change, insert: change.insert + insert } : null;
}

/**
 * Undo of this client's own changes: what they inserted is deleted, and what they deleted is
 * inserted again, as new characters.
 *
 * @typedef {{ steps: Step[], at: number }} Group of changes that are undone together
 */
class History {
  #replica;
  #change;
  /** @type {Group[]} */
  #done = [];
  /** @type {Group[]} */
  #undone = [];
  /** What was inserted again: its former id, and its new one. @type {Map<string, string>} */
  #successors = new Map();

  /** @param {Replica} replica
   *  @param {(deleted: Shown[], after: string, insert: string) => Step} change */
  constructor(replica, change) {
    this.#replica = replica;
    this.#change = change;
  }

  /** @param {Step} step @param {number} now */
  record(step, now) {
    this.#undone = [];
    const last = this.#done.at(-1);
    if (last && now - last.at < UNDO_PAUSE_MS) {
      if (last.steps.at(-1) !== step) last.steps.push(step);
      last.at = now;
    } else this.#done.push({ steps: [step], at: now });
    if (this.#done.length > MAX_UNDO) this.#done.shift();
  }

  undo() {
    this.#move(this.#done, this.#undone);
  }

  redo() {
    this.#move(this.#undone, this.#done);
  }

  /** @param {Group[]} from @param {Group[]} to */
  #move(from, to) {
    const group = from.pop();
    if (!group) return;
    const steps = group.steps.toReversed().flatMap((step) => this.#revert(step));
    to.push({ steps: [...new Set(steps)], at: -Infinity });
  }

  /** @param {Step} step @returns {Step[]} */
  #revert({ entry, deleted }) {
    const inserted = [...entry.change.insert].flatMap((_, index) => this.#latest(`${entry.run}.${index}`) ?? []);
    const visible = inserted.filter(({ deletedAt }) => deletedAt === 0);
    const steps = visible.length > 0 ? [this.#change(visible, START, '')] : [];
    for (const { id, value } of deleted) {
      const tombstone = this.#latest(id);
      if (!tombstone || tombstone.deletedAt === 0) continue;
      const step = this.#change([], this.#replica.state.visibleAt(tombstone).id, value);
      if (steps.at(-1) !== step) steps.push(step);
      this.#remember(tombstone.id, lastIdOf(step.entry));
    }
    return steps;
  }

  /** @param {string} id @param {string} successor */
  #remember(id, successor) {
    this.#successors.set(id, successor);
    const [oldest] = this.#successors.size > MAX_SUCCESSORS ? this.#successors.keys() : [];
    if (oldest !== undefined) this.#successors.delete(oldest);
  }

  /** The character that an id stands for now. @param {string} id */
  #latest(id) {
    let current = id;
    for (let next = this.#successors.get(id); next !== undefined; next = this.#successors.get(next)) current = next;
    return this.#replica.state.get(current);
  }
}
