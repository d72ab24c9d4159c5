import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { techniqueIds } from '../../transports/index.js';
import { loopOf, pathOf } from '../../view/code.js';

/** As many lines as the code panel shows without scrolling, and a class reads at a glance. */
const LINES_MAX = 12;

for (const technique of techniqueIds) {
  test(`the loop of ${technique} is whole, and not longer than the code panel`, () => {
    const source = readFileSync(new URL(`../..${pathOf(technique)}`, import.meta.url), 'utf8');
    const lines = loopOf(technique, source);
    assert.match(lines[0] ?? '', /^async function\* \w+\(/);
    assert.equal(lines.at(-1), '}');
    assert.ok(lines.length <= LINES_MAX, `${lines.length} lines`);
  });
}
