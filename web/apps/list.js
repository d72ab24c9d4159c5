/**
 * A list that several people change at the same time.
 *
 * Every element has an id, and a change names ids: "insert x after a", "delete b". The log puts
 * all changes into one order, every client applies them in that order, and so all clients have
 * the same list. Order and names are all it takes to merge.
 *
 * A deleted element remains as a tombstone, because a change that is on its way may name it.
 * `purge` removes the tombstones that no valid change can name any more, see replica.js.
 *
 * Source: M. Weidner, "Collaborative text editing without CRDTs or OT" (2025).
 *
 * @template T
 * @typedef {object} Item
 * @property {string} id
 * @property {T} value
 * @property {number} deletedAt the version that deleted it; 0 while it is visible
 * @property {Item<T> | null} previous
 * @property {Item<T> | null} next
 */

/** The id of the position before the first element. */
export const START = '';

/** The version of a change that has none yet. */
export const PENDING = Infinity;

/** @template T */
export class List {
  constructor() {
    /** @type {Item<T>} */
    this.start = { id: START, value: /** @type {T} */ (null), deletedAt: 0, previous: null, next: null };
    /** @type {Map<string, Item<T>>} */
    this.elements = new Map([[START, this.start]]);
    /** @type {Item<T>[]} in the order of their versions */
    this.tombstones = [];
  }

  /** @param {string} id */
  get(id) {
    return this.elements.get(id);
  }

  /** Inserts directly after an element, deleted or not. Of two changes at one place, the later
   * one is therefore in front. @param {Item<T>} previous @param {string} id @param {T} value */
  insert(previous, id, value) {
    const { next } = previous;
    /** @type {Item<T>} */
    const element = { id, value, deletedAt: 0, previous, next };
    previous.next = element;
    if (next) next.previous = element;
    this.elements.set(id, element);
    return element;
  }

  /** Takes an element out, as if it had never been there. @param {Item<T>} element */
  remove({ id, previous, next }) {
    if (previous) previous.next = next;
    if (next) next.previous = previous;
    this.elements.delete(id);
  }

  /** Turns an element into a tombstone. @param {Item<T>} element @param {number} version */
  delete(element, version) {
    element.deletedAt = version;
    if (version !== PENDING) this.tombstones.push(element);
  }

  /** Makes an element visible that a pending change had deleted. @param {Item<T>} element */
  restore(element) {
    element.deletedAt = 0;
  }

  /** Removes the tombstones up to this version. @param {number} version */
  purge(version) {
    const isYoung = (/** @type {Item<T>} */ { deletedAt }) => deletedAt > version;
    const index = this.tombstones.findIndex(isYoung);
    const old = this.tombstones.splice(0, index < 0 ? Infinity : index);
    for (const element of old) this.remove(element);
  }

  /** The nearest visible element at this one or before it; at last the start.
   * @param {Item<T>} element */
  visibleAt(element) {
    let current = element;
    while (current.deletedAt !== 0 && current.previous) current = current.previous;
    return current;
  }

  /** All elements with tombstones, in order. @returns {Item<T>[]} */
  all() {
    const elements = [];
    for (let element = this.start.next; element; element = element.next) elements.push(element);
    return elements;
  }

  /** The visible elements, in order. @returns {Item<T>[]} */
  visible() {
    const elements = [];
    for (let element = this.start.next; element; element = element.next) {
      if (element.deletedAt === 0) elements.push(element);
    }
    return elements;
  }
}
