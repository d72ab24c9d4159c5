/**
 * The document: a list of characters over the log. A change deletes characters by their ids and
 * inserts a run of characters after one of them.
 *
 * A character is a Unicode code point. What looks like one, such as a family of emoji, can be
 * several, and two people can change its parts.
 *
 * @typedef {[run: string, first: number, count: number]} Range of ids
 * @typedef {{ delete: Range[], after: string, insert: string }} Change
 * @typedef {import('./list.js').Item<string>} Character
 * @typedef {[run: string, first: number, text: string | number, deletedAt?: number]} Span
 *   Part of a snapshot: characters with consecutive ids, and their text; of tombstones their
 *   count, and the version that deleted them.
 */
import { List, START } from './list.js';

/** Most characters that one change inserts, so that it fits into a message. */
export const MAX_INSERT = 4000;

/** Most characters of a document. */
export const MAX_CHARACTERS = 100_000;

/** Size of a part of a snapshot, in UTF-16 units of JSON; at most three times as many bytes. */
const PART_SIZE = 15_000;

/** @typedef {List<string>} Text */

/** @type {import('./mergeable.js').App} */
export const documentApp = {
  kind: 'document',
  create: () => new List(),
  isChange,
  apply: applyChange,
  rebase,
  runsOf: (/** @type {Change} */ change) => [splitId(change.after)[0], ...change.delete.map(([run]) => run)],
  purge: (/** @type {Text} */ text, version) => text.purge(version),
  save,
  load,
};

/** @param {any} change */
function isChange(change) {
  return (
    Array.isArray(change?.delete) &&
    change.delete.every(isRange) &&
    typeof change.after === 'string' &&
    typeof change.insert === 'string' &&
    change.insert.length <= 2 * MAX_INSERT
  );
}

/** @param {unknown} range */
function isRange(range) {
  if (!Array.isArray(range)) return false;
  const [run, first, count] = range;
  const isCount = (/** @type {unknown} */ value) => Number.isSafeInteger(value) && Number(value) >= 0;
  return typeof run === 'string' && isCount(first) && isCount(count) && count <= MAX_CHARACTERS;
}

/** @param {string} run @param {number} index */
const idOf = (run, index) => `${run}.${index}`;

/** The run of an id, and the index in it. @param {string} id @returns {[string, number]} */
function splitId(id) {
  const dot = id.lastIndexOf('.');
  return [id.slice(0, dot), Number(id.slice(dot + 1))];
}

/** @param {Text} text @param {Change} change @param {string} run @param {number} version */
function applyChange(text, change, run, version) {
  const after = text.get(change.after);
  if (!after || (change.insert !== '' && text.get(idOf(run, 0)))) return null;
  const named = idsOf(change.delete).map((id) => text.get(id));
  if (!named.every((character) => character !== undefined)) return null;
  const deleted = named.filter(({ deletedAt }) => deletedAt === 0);
  for (const character of deleted) text.delete(character, version);
  /** @type {Character[]} */
  const inserted = [];
  let previous = after;
  for (const value of change.insert) {
    previous = text.insert(previous, idOf(run, inserted.length), value);
    inserted.push(previous);
  }
  return () => {
    for (const character of inserted) text.remove(character);
    for (const character of deleted) text.restore(character);
  };
}

/** @param {Range[]} ranges */
function idsOf(ranges) {
  return ranges.flatMap(([run, first, count]) =>
    Array.from({ length: count }, (_, index) => idOf(run, first + index)),
  );
}

/** The visible characters of some ranges. @param {Text} text @param {Range[]} ranges */
function visibleOf(text, ranges) {
  const found = idsOf(ranges).flatMap((id) => text.get(id) ?? []);
  return found.filter(({ deletedAt }) => deletedAt === 0);
}

/** @param {Text} text @param {Change} change @param {string} run */
function rebase(text, change, run) {
  if (change.insert !== '' && text.get(idOf(run, 0))) return 'confirmed';
  const deleted = rangesOf(visibleOf(text, change.delete));
  if (change.insert === '') return deleted.length > 0 ? { ...change, delete: deleted, after: START } : 'confirmed';
  const after = text.get(change.after);
  return after ? { ...change, delete: deleted, after: text.visibleAt(after).id } : 'impossible';
}

/** The ids of some characters, as ranges. @param {{ id: string }[]} characters */
export function rangesOf(characters) {
  /** @type {Range[]} */
  const ranges = [];
  for (const { id } of characters) {
    const [run, index] = splitId(id);
    const range = ranges.at(-1);
    if (range && range[0] === run && range[1] + range[2] === index) range[2] += 1;
    else ranges.push([run, index, 1]);
  }
  return ranges;
}

/** @param {Text} text @returns {Span[][]} */
function save(text) {
  /** @type {Span[][]} */
  const parts = [[]];
  let size = 0;
  for (const span of spansOf(text)) {
    size += JSON.stringify(span).length + 1;
    if (size > PART_SIZE) {
      parts.push([]);
      size = JSON.stringify(span).length + 1;
    }
    parts.at(-1)?.push(span);
  }
  return parts;
}

/** @param {Text} text */
function spansOf(text) {
  /** @type {Span[]} */
  const spans = [];
  let count = 0;
  for (const { id, value, deletedAt } of text.all()) {
    const [run, index] = splitId(id);
    const span = spans.at(-1);
    const continues =
      span?.[0] === run && span[1] + count === index && (span[3] ?? 0) === deletedAt && count < 1000;
    count = continues ? count + 1 : 1;
    if (!span || !continues) spans.push(deletedAt ? [run, index, 1, deletedAt] : [run, index, value]);
    else span[2] = typeof span[2] === 'number' ? count : span[2] + value;
  }
  return spans;
}

/** @param {any[][]} parts */
function load(parts) {
  /** @type {Text} */
  const text = new List();
  let previous = text.start;
  for (const [run, first, content, deletedAt] of parts.flat()) {
    const values = typeof content === 'number' ? Array(content).fill('') : [...content];
    for (const [index, value] of values.entries()) {
      previous = text.insert(previous, idOf(run, first + index), value);
      if (deletedAt) text.delete(previous, deletedAt);
    }
  }
  text.tombstones.sort((a, b) => a.deletedAt - b.deletedAt);
  return text;
}

/** What a document shows. @param {Text} text */
export function textOf(text) {
  return text.visible().map(({ value }) => value).join('');
}
