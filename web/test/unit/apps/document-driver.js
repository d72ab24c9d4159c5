/**
 * Editing a document at random.
 *
 * @typedef {import('./random.js').Random} Random
 * @typedef {import('./simulation.js').Client} Client
 * @typedef {import('./simulation.js').Driver} Driver
 * @typedef {import('./simulation.js').Record} Record
 *
 * @typedef {object} Modules the code under test, or a broken variant of it
 * @property {typeof import('../../../apps/replica.js').Replica} Replica
 * @property {typeof import('../../../apps/editor.js').Editor} Editor
 * @property {import('../../../apps/mergeable.js').App} documentApp
 */

/** @param {Modules} modules @returns {Driver} */
export function createDocumentDriver({ Replica, Editor, documentApp }) {
  return {
    Replica,
    createEditor: (replica) => new Editor(replica),
    app: documentApp,
    act,
    refresh: ({ editor }) => editor.refresh(),
    flush: ({ editor }) => editor.flush(),
  };
}

/** @param {number} count @returns {string} a code point that is used once: CJK, then supplementary */
const nthCharacter = (count) => String.fromCodePoint(count < 20_000 ? 0x4e00 + count : 0x20000 + count);

/** @param {Client} client @param {Random} random @param {Record} record */
function act(client, random, record) {
  const action = random.next();
  if (action < 0.75) client.caret = edit(client, random, record);
  else if (action < 0.85) client.editor.flush();
  else undoOrRedo(client, action < 0.95 ? 'undo' : 'redo', record);
}

/** One edit at a random place. @param {Client} client @param {Random} random
 * @param {Record} record */
function edit({ editor, ...client }, random, record) {
  const { length } = editor.shown;
  const caret = random.chance(0.6) ? editor.indexOf(client.caret) : random.below(length + 1);
  const start = Math.min(caret, length);
  const isDeletion = random.chance(0.3);
  const end = isDeletion ? Math.min(length, start + random.below(4)) : start;
  const count = isDeletion && random.chance(0.7) ? 0 : 1 + random.below(4);
  let text = '';
  for (let index = 0; index < count; index++) {
    const value = nthCharacter(record.typed.size);
    record.typed.add(value);
    text += value;
  }
  for (const { value } of editor.shown.slice(start, end)) record.deleted.add(value);
  editor.replace(start, end, text, client.clock);
  return editor.anchorAt(start + count);
}

/** @param {Client} client @param {'undo' | 'redo'} command
 *  @param {Record} record */
function undoOrRedo({ editor }, command, record) {
  /** @type {import('../../../apps/editor.js').Shown[]} */
  const before = editor.shown;
  editor[command]();
  /** @type {import('../../../apps/editor.js').Shown[]} */
  const after = editor.shown;
  const ids = [before, after].map((shown) => new Set(shown.map(({ id }) => id)));
  for (const { id, value } of [...before, ...after]) {
    if (!ids.every((known) => known.has(id))) record.uncertain.add(value);
  }
}
