/** Variants of the apps that are broken on purpose, to see the properties fail. */
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/**
 * @typedef {import('./document-driver.js').Modules} Modules
 * @typedef {{ file: string, from: string, to: string }} Replacement of code
 */

/** @type {Record<string, Replacement>} */
export const VARIANTS = {
  'without tombstones': {
    file: 'list.js',
    from: 'if (version !== PENDING) this.tombstones.push(element);',
    to: 'if (version !== PENDING) this.remove(element);',
  },
  'pending changes are not replayed': {
    file: 'replica.js',
    from: 'version - this.#options.maxAge);\n    this.#replay();',
    to: 'version - this.#options.maxAge);',
  },
  'tombstones are purged too early': {
    file: 'replica.js',
    from: 'version - this.#options.maxAge);',
    to: 'version - 5);',
  },
  'old changes are accepted': {
    file: 'replica.js',
    from: 'version - base <= maxAge && this',
    to: 'this',
  },
  'later inserts go behind earlier ones': {
    file: 'list.js',
    from: 'const { next } = previous;',
    to: 'while (previous.next?.id.endsWith(".0")) previous = previous.next;\n    const { next } = previous;',
  },
};

/** The modules with one piece of code replaced. @param {Replacement} replacement
 *  @returns {Promise<Modules>} */
export async function loadVariant({ file, from, to }) {
  const directory = mkdtempSync(join(tmpdir(), 'trifold-variant-'));
  cpSync(fileURLToPath(new URL('../../../apps', import.meta.url)), join(directory, 'apps'), { recursive: true });
  writeFileSync(join(directory, 'package.json'), '{ "type": "module" }');
  const path = join(directory, 'apps', file);
  const source = readFileSync(path, 'utf8');
  if (source.split(from).length !== 2) throw new Error(`not once in ${file}: ${from}`);
  writeFileSync(path, source.replace(from, () => to));
  const load = (/** @type {string} */ name) => import(pathToFileURL(join(directory, 'apps', name)).href);
  const [{ Replica }, { Editor }, { documentApp }] = await Promise.all(
    ['replica.js', 'editor.js', 'document.js'].map(load),
  );
  return { Replica, Editor, documentApp };
}
