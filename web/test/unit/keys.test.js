import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isShortcut } from '../../view/keys.js';

/** @typedef {'ctrlKey' | 'altKey' | 'metaKey' | 'AltGraph'} Modifier */

/** What is pressed, its character, its modifiers, and whether it is a shortcut.
 * @type {[string, string, Modifier[], boolean][]} */
const CASES = [
  ['R', 'r', [], false],
  ['[ on an American keyboard', '[', [], false],
  ['AltGr+8 on a German keyboard, Windows', '[', ['ctrlKey', 'altKey', 'AltGraph'], false],
  ['AltGr+8 on a German keyboard, Linux', '[', ['AltGraph'], false],
  ['AltGr+L on a Polish keyboard, Windows', 'ł', ['ctrlKey', 'altKey', 'AltGraph'], false],
  ['Option+5 on a German keyboard, Mac', '[', ['altKey'], false],
  ['Ctrl+R', 'r', ['ctrlKey'], true],
  ['Ctrl+[', '[', ['ctrlKey'], true],
  ['Ctrl+Alt+R, without AltGr', 'r', ['ctrlKey', 'altKey'], true],
  ['Cmd+R', 'r', ['metaKey'], true],
  ['Cmd+[', '[', ['metaKey'], true],
  ['Cmd+Option+5', '[', ['metaKey', 'altKey'], true],
  ['Alt+F', 'f', ['altKey'], true],
  ['Alt+3', '3', ['altKey'], true],
  ['Alt+←', 'ArrowLeft', ['altKey'], true],
];

/** @param {string} key @param {Modifier[]} modifiers @returns {any} */
function keyEvent(key, modifiers) {
  /** @param {Modifier} name */
  const has = (name) => modifiers.includes(name);
  const [ctrlKey, altKey, metaKey] = [has('ctrlKey'), has('altKey'), has('metaKey')];
  return { key, ctrlKey, altKey, metaKey, getModifierState: has };
}

for (const [pressed, key, modifiers, expected] of CASES) {
  test(`${pressed} is ${expected ? 'a shortcut' : 'a key of the page'}`, () => {
    assert.equal(isShortcut(keyEvent(key, modifiers)), expected);
  });
}
