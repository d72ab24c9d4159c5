/**
 * The fold of a document, written a second time: an array, searched from its start, with all
 * tombstones. It shares no code with apps/list.js and apps/document.js.
 *
 * @typedef {{ id: string, value: string, isDeleted: boolean, after: string }} Entry
 * @typedef {import('../../../model/types.js').Message} Message
 */

/** @param {Entry[]} list @param {any} body @returns {boolean} whether it had an effect */
function applyTo(list, { run, change }) {
  const indexOf = (/** @type {string} */ id) => list.findIndex((entry) => entry.id === id);
  const named = [];
  for (const [prefix, first, count] of change.delete) {
    for (let index = first; index < first + count; index++) named.push(indexOf(`${prefix}.${index}`));
  }
  const anchor = change.after === '' ? -1 : indexOf(change.after);
  if (named.includes(-1) || (change.after !== '' && anchor === -1)) return false;
  if (change.insert !== '' && indexOf(`${run}.0`) !== -1) return false;
  for (const index of named) /** @type {Entry} */ (list[index]).isDeleted = true;
  const entries = [...change.insert].map((value, index) => ({
    id: `${run}.${index}`,
    value,
    isDeleted: false,
    after: index === 0 ? change.after : `${run}.${index - 1}`,
  }));
  list.splice(anchor + 1, 0, ...entries);
  return true;
}

/** Folds the log up to a version, and then pending changes. @param {Message[]} history
 *  @param {number} maxAge @param {any[]} [pending] */
export function foldDocument(history, maxAge, pending = []) {
  /** @type {Entry[]} */
  let list = [];
  for (const { kind, version, body } of history) {
    const { type, base } = /** @type {any} */ (body);
    if (kind !== 'document') continue;
    if (type === 'start') list = [];
    if (type === 'change' && version - base <= maxAge) applyTo(list, body);
  }
  for (const entry of pending) applyTo(list, entry);
  return list;
}

/** @param {Entry[]} list */
export function textOfFold(list) {
  return list.filter(({ isDeleted }) => !isDeleted).map(({ value }) => value).join('');
}

/** Where a caret is that is anchored to a character; null if the character is unknown.
 * @param {Entry[]} list @param {string} id */
export function caretOfFold(list, id) {
  if (id === '') return 0;
  const index = list.findIndex((entry) => entry.id === id);
  return index < 0 ? null : list.slice(0, index + 1).filter(({ isDeleted }) => !isDeleted).length;
}
