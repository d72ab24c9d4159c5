import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'acorn';
import { LAYERS, PAGES, WORKERS, fileAt, filesOf } from './source-files.js';

/** A function fits on a screen of the projector. */
const MAX_LINES = 40;

/** @typedef {{ path: string, line: number, lines: number }} FunctionLength */

/** The functions of a syntax tree, nested ones included. @param {unknown} node
 *  @returns {Generator<import('acorn').Function, void>} */
function* functionsIn(node) {
  if (typeof node !== 'object' || node === null) return;
  if ('type' in node && /Function/.test(String(node.type))) yield /** @type {any} */ (node);
  for (const child of Object.values(node)) yield* functionsIn(child);
}

/** @param {import('./source-files.js').SourceFile} file @returns {FunctionLength[]} */
function lengthsIn({ path, source }) {
  const tree = parse(source, { ecmaVersion: 'latest', sourceType: 'module', locations: true });
  return [...functionsIn(tree.body)].map(({ loc }) => {
    const { start, end } = loc ?? assert.fail('locations are on');
    return { path, line: start.line, lines: end.line - start.line + 1 };
  });
}

/** @param {FunctionLength} length */
const description = ({ path, line, lines }) => `${path}:${line} has ${lines} lines`;

test(`no function is longer than ${MAX_LINES} lines`, () => {
  const files = [...PAGES.map(fileAt), ...[...LAYERS, WORKERS, 'test'].flatMap(filesOf)];
  const lengths = files.flatMap(lengthsIn);
  assert.ok(lengths.length > 500, `only ${lengths.length} functions found`);
  const tooLong = lengths.filter(({ lines }) => lines > MAX_LINES);
  assert.deepEqual(tooLong.map(description), []);
});

test('nested functions count on their own and in the outer one', () => {
  const source = 'const f = () => {\n  function g() {\n    return 1;\n  }\n  return g;\n};\n';
  const lengths = lengthsIn({ path: 'f.js', source });
  assert.deepEqual(lengths.map(({ lines }) => lines), [6, 3]);
});
