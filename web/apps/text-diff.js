/**
 * What an input changed in a text.
 *
 * @typedef {{ start: number, end: number, text: string }} Replacement
 *   `text` replaces what was between `start` and `end`, in UTF-16 units.
 */

/** Of several possible places, for example in "aaa", the one in front of the caret.
 * @param {string} before @param {string} after @param {number} caret in `after`
 * @returns {Replacement} */
export function replacementOf(before, after, caret) {
  const tail = after.length - caret;
  const isBehindCaret = before.length >= tail && before.endsWith(after.slice(caret));
  let suffix = isBehindCaret ? tail : commonSuffix(before, after, Math.min(before.length, after.length));
  const prefix = commonPrefix(before, after, Math.min(before.length, after.length) - suffix);
  suffix = wholeSuffix(before, suffix);
  const start = wholePrefix(before, after, prefix);
  return { start, end: before.length - suffix, text: after.slice(start, after.length - suffix) };
}

/** @param {string} a @param {string} b @param {number} limit */
function commonPrefix(a, b, limit) {
  let length = 0;
  while (length < limit && a[length] === b[length]) length++;
  return length;
}

/** @param {string} a @param {string} b @param {number} limit */
function commonSuffix(a, b, limit) {
  let length = 0;
  while (length < limit && a[a.length - 1 - length] === b[b.length - 1 - length]) length++;
  return length;
}

/** A prefix does not end inside a surrogate pair. @param {string} a @param {string} b
 * @param {number} length */
function wholePrefix(a, b, length) {
  return isLow(a.charCodeAt(length)) || isLow(b.charCodeAt(length)) ? Math.max(0, length - 1) : length;
}

/** @param {string} a @param {number} length */
function wholeSuffix(a, length) {
  return length > 0 && isLow(a.charCodeAt(a.length - length)) ? length - 1 : length;
}

/** @param {number} unit */
const isLow = (unit) => unit >= 0xdc00 && unit <= 0xdfff;

/** Position in code points. @param {string} text @param {number} index in UTF-16 units */
export const toCodePoints = (text, index) => [...text.slice(0, index)].length;

/** Position in UTF-16 units. @param {{ value: string }[]} characters @param {number} index */
export function toUnits(characters, index) {
  let units = 0;
  for (let position = 0; position < index; position++) units += characters[position]?.value.length ?? 0;
  return units;
}
