import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { LAYERS, PAGES, WORKERS, fileAt, filesOf } from './source-files.js';

/** `import` statements, dynamic imports, and types in JSDoc. */
const IMPORT = /(?:\bfrom\s+|\bimport\s+|\bimport\(\s*)(['"])([^'"]+)\1/g;

const files = [...PAGES.map(fileAt), ...[...LAYERS, WORKERS].flatMap(filesOf)];

/** @param {import('./source-files.js').SourceFile} file @returns {string[]} paths in web/ */
function importsOf({ path, source }) {
  return [...source.matchAll(IMPORT)].map(([, , target = '']) => join(dirname(path), target));
}

/** @type {Map<string, string[]>} */
const imports = new Map(files.map((file) => [file.path, importsOf(file)]));

/** @param {string} path */
const layerOf = (path) => (PAGES.includes(path) ? LAYERS.length : LAYERS.indexOf(path.split('/')[0] ?? ''));

test('every import is of a file of the page', () => {
  const unknown = [...imports].flatMap(([path, targets]) =>
    targets.filter((target) => !imports.has(target)).map((target) => `${path} → ${target}`),
  );
  assert.deepEqual(unknown, []);
  assert.ok([...imports.values()].flat().length > 100);
});

test('files import only from their own and from lower layers, types included', () => {
  const upward = [...imports].flatMap(([path, targets]) =>
    targets.filter((target) => layerOf(target) > layerOf(path)).map((target) => `${path} → ${target}`),
  );
  assert.deepEqual(upward, []);
});

test('workers import nothing, and nothing imports them', () => {
  const isWorker = (/** @type {string} */ path) => dirname(path) === WORKERS;
  const involved = [...imports].filter(
    ([path, targets]) => (isWorker(path) ? targets.length > 0 : targets.some(isWorker)),
  );
  assert.deepEqual(involved, []);
});

test('imports have no cycles, types included', () => {
  /** @type {string[]} */
  const cycles = [];
  const finished = new Set();
  /** @param {string} path @param {string[]} stack */
  const visit = (path, stack) => {
    if (stack.includes(path)) cycles.push([...stack.slice(stack.indexOf(path)), path].join(' → '));
    if (finished.has(path) || stack.includes(path)) return;
    for (const target of imports.get(path) ?? []) visit(target, [...stack, path]);
    finished.add(path);
  };
  for (const path of imports.keys()) visit(path, []);
  assert.deepEqual(cycles, []);
});

test('the model and the apps need no browser', () => {
  const browser = /(?<![.\w])(document|window|location|navigator|fetch|WebSocket|Worker|HTML\w*Element)\b(?!')/;
  const lines = ['model', 'apps'].flatMap(filesOf).flatMap(({ path, source }) =>
    source
      .replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')
      .replace(/'(?:[^'\\\n]|\\.)*'/g, "''")
      .split('\n')
      .filter((line) => browser.test(line))
      .map((line) => `${path}: ${line.trim()}`),
  );
  assert.deepEqual(lines, []);
});
