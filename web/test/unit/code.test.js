import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { transportIds } from '../../transports/index.js';
import { firedLine, functionLines, pathOf } from '../../view/code.js';

/** Lines of the code panel without scrolling, readable at a glance. */
const MAX_LINES = 12;

/** @param {import('../../model/types.js').TransportId} transport */
function linesOf(transport) {
  const source = readFileSync(new URL(`../..${pathOf(transport)}`, import.meta.url), 'utf8');
  return functionLines(transport, source);
}

for (const transport of transportIds) {
  test(`the function of ${transport} is complete and fits the code panel`, () => {
    const lines = linesOf(transport);
    assert.match(lines[0] ?? '', /^async function \w+\(/);
    assert.equal(lines.at(-1), '}');
    assert.ok(lines.length <= MAX_LINES, `${lines.length} lines`);
  });
}

for (const [transport, event, line] of /** @type {const} */ ([
  ['interval', 'request', "request('/poll'"],
  ['interval', 'response', '.then(deliver'],
  ['interval-guard', 'request', "request('/poll'"],
  ['interval-guard', 'response', '.then(deliver'],
  ['chained', 'request', "await request('/poll'"],
  ['chained', 'response', 'await sleep('],
  ['chained-backoff', 'request', "await request('/poll'"],
  ['chained-backoff', 'response', 'await sleep('],
  ['longpoll', 'request', "await request('/longpoll'"],
  ['longpoll', 'response', 'deliver(await'],
  ['ws', 'request', "openSocket('/ws'"],
  ['ws', 'frame', 'deliver);'],
])) {
  test(`a ${event} highlights "${line}" of ${transport}`, () => {
    const lines = linesOf(transport);
    const fired = lines[firedLine(lines, event)] ?? 'no line';
    assert.ok(fired.includes(line), fired);
  });
}

test('other events highlight no line', () => {
  assert.equal(firedLine(linesOf('ws'), 'close'), -1);
  assert.equal(firedLine(linesOf('ws'), undefined), -1);
});
