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

/** @param {Replica} replica */
export function createEditor(replica) {
  /** @type {Shown[]} */
  let shown = [];
  /** @type {Step | null} */
  let draft = null;
  const history = createHistory(replica, change);

  function refresh() {
    shown = replica.state?.visible() ?? [];
  }

  function flush() {
    if (draft?.entry.status === 'draft') {
      const { entry } = draft;
      const isEmpty = entry.change.insert === '' && entry.change.delete.length === 0;
      if (isEmpty) replica.drop();
      else replica.transmit(entry);
    }
    draft = null;
  }

  /** Makes a change, as part of the draft if possible. @param {Shown[]} deleted
   *  @param {string} after @param {string} insert @returns {Step} */
  function change(deleted, after, insert) {
    const extended = draft && extend(replica, draft, deleted, after, insert);
    if (draft && extended) {
      draft.deleted = [...draft.deleted, ...deleted.filter(({ id }) => !id.startsWith(`${draft?.entry.run}.`))];
      replica.revise(draft.entry, extended);
      return draft;
    }
    flush();
    const entry = replica.add({ delete: rangesOf(deleted), after, insert });
    draft = { entry, deleted };
    return draft;
  }

  /** The id of the nearest visible character at or before one that was shown.
   * @param {number} index of the caret */
  function anchorAt(index) {
    for (let left = index - 1; left >= 0; left--) {
      const character = replica.state.get(shown[left]?.id);
      if (character) return replica.state.visibleAt(character).id;
    }
    return START;
  }

  return {
    /** Replaces what is shown from `start` to `end`. @param {number} start @param {number} end
     *  @param {string} text @param {number} now */
    replace(start, end, text, now) {
      const deleted = shown.slice(start, end).filter(({ id }) => replica.state.get(id)?.deletedAt === 0);
      let after = anchorAt(start);
      const chunks = chunksOf(text);
      if (shown.length - deleted.length + chunks.reduce((sum, { length }) => sum + length, 0) > MAX_CHARACTERS) {
        throw new Error(`A document has at most ${MAX_CHARACTERS} characters`);
      }
      for (const [index, chunk] of chunks.entries()) {
        const step = change(index === 0 ? deleted : [], after, chunk.join(''));
        history.record(step, now);
        after = lastIdOf(step.entry);
      }
      refresh();
    },
    flush,
    refresh,
    undo() {
      flush();
      history.undo();
      flush();
      refresh();
    },
    redo() {
      flush();
      history.redo();
      flush();
      refresh();
    },
    /** What a caret is anchored to: the character before it. */
    anchorAt,
    /** Where a caret is now. @param {string} id */
    indexOf(id) {
      const character = replica.state?.get(id);
      if (!character) return shown.length;
      const visible = replica.state.visibleAt(character);
      return visible.id === START ? 0 : shown.findIndex((one) => one.id === visible.id) + 1;
    },
    get shown() {
      return shown;
    },
    get text() {
      return shown.map(({ value }) => value).join('');
    },
    get hasDraft() {
      return draft !== null;
    },
  };
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
 * @param {Replica} replica
 * @param {(deleted: Shown[], after: string, insert: string) => Step} change
 */
function createHistory(replica, change) {
  /** @type {{ steps: Step[], at: number }[]} */
  let undone = [];
  /** @type {{ steps: Step[], at: number }[]} */
  let done = [];
  /** What was inserted again: its former id, and its new one. @type {Map<string, string>} */
  const successors = new Map();

  /** @param {string} id */
  function latest(id) {
    let current = id;
    for (let next = successors.get(current); next !== undefined; next = successors.get(current)) current = next;
    return replica.state.get(current);
  }

  /** @param {Step} step @returns {Step[]} */
  function revert({ entry, deleted }) {
    const inserted = [...entry.change.insert].flatMap((_, index) => latest(`${entry.run}.${index}`) ?? []);
    const visible = inserted.filter(({ deletedAt }) => deletedAt === 0);
    const steps = visible.length > 0 ? [change(visible, START, '')] : [];
    for (const { id, value } of deleted) {
      const tombstone = latest(id);
      if (!tombstone || tombstone.deletedAt === 0) continue;
      const step = change([], replica.state.visibleAt(tombstone).id, value);
      if (steps.at(-1) !== step) steps.push(step);
      successors.set(tombstone.id, lastIdOf(step.entry));
      const [oldest] = successors.size > MAX_SUCCESSORS ? successors.keys() : [];
      if (oldest !== undefined) successors.delete(oldest);
    }
    return steps;
  }

  /** @param {{ steps: Step[], at: number }[]} from @param {{ steps: Step[], at: number }[]} to */
  function move(from, to) {
    const group = from.pop();
    if (!group) return;
    const steps = group.steps.toReversed().flatMap(revert);
    to.push({ steps: [...new Set(steps)], at: -Infinity });
  }

  return {
    /** @param {Step} step @param {number} now */
    record(step, now) {
      undone = [];
      const last = done.at(-1);
      if (last && now - last.at < UNDO_PAUSE_MS) {
        if (last.steps.at(-1) !== step) last.steps.push(step);
        last.at = now;
      } else done.push({ steps: [step], at: now });
      if (done.length > MAX_UNDO) done.shift();
    },
    undo: () => move(done, undone),
    redo: () => move(undone, done),
  };
}

/** @typedef {ReturnType<typeof createEditor>} Editor */
