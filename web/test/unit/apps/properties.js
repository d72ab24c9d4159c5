/**
 * What must hold for a document, in every run.
 *
 * @typedef {import('./simulation.js').Client} Client
 * @typedef {import('./document-driver.js').Modules} Modules
 * @typedef {import('./server.js').Server} Server
 */
import assert from 'node:assert/strict';
import { createDocumentDriver } from './document-driver.js';
import { caretOfFold, foldDocument, textOfFold } from './naive.js';
import { LIMITS, simulate } from './simulation.js';

/** At every step: what is shown is the fold of what is confirmed, and then the pending changes;
 * and a caret is beside its character. @param {Client} client @param {Server} server */
function checkView({ replica, editor, caret }, server) {
  if (replica.state === null) return;
  const pending = replica.isReady ? replica.pending : [];
  const list = foldDocument(server.history.slice(0, replica.version), LIMITS.maxAge, pending);
  assert.equal(editor.text, textOfFold(list), 'the view is not the fold with the pending changes');
  const expected = caretOfFold(list, caret);
  if (expected !== null && replica.state.get(caret)) {
    assert.equal(editor.indexOf(caret), expected, 'a caret has left its character');
  }
}

/** Characters between two neighbours of a run were typed after one that is in between or the
 * left neighbour itself. @param {ReturnType<typeof foldDocument>} list */
function checkRuns(list) {
  const byId = new Map(list.map((entry) => [entry.id, entry]));
  /** @type {Map<string, number>} */
  const indexes = new Map(list.map(({ id }, index) => [id, index]));
  for (const { id, after } of list) {
    if (!after || after.split('.')[0] !== id.split('.')[0]) continue;
    const left = indexes.get(after) ?? 0;
    for (let between = left + 1; between < (indexes.get(id) ?? 0); between++) {
      let origin = list[between];
      while (origin && (indexes.get(origin.id) ?? 0) > left) origin = byId.get(origin.after);
      assert.equal(origin?.id, after, 'two runs are interleaved');
    }
  }
}

/** @param {string} text @param {ReturnType<typeof simulate>['record']} record */
function checkCharacters(text, { typed, deleted, uncertain, lostChanges, restarts }) {
  const present = [...text];
  for (const value of typed) {
    if (uncertain.has(value)) continue;
    const times = present.filter((one) => one === value).length;
    assert.ok(times <= 1, 'a character was doubled');
    if (lostChanges + restarts > 0) continue;
    assert.equal(times === 0, deleted.has(value), times ? 'a deleted character is back' : 'a character was lost');
  }
}

/** @param {Modules} modules @param {number} seed @param {number} [steps] */
export function checkSeed(modules, seed, steps) {
  const { clients, server, record } = simulate(createDocumentDriver(modules), seed, steps, checkView);
  const list = foldDocument(server.history, LIMITS.maxAge);
  const expected = textOfFold(list);
  for (const { editor } of clients) assert.equal(editor.text, expected, 'the clients do not agree');
  checkRuns(list);
  checkCharacters(expected, record);
  return { ...record, versions: server.history.length, characters: expected.length };
}
