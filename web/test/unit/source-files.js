/** The source files of the page, for tests about the source code. */
import { readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The directories of the page, from bottom to top: a file imports only from its own and from
 * lower ones. */
export const LAYERS = ['model', 'apps', 'net', 'transports', 'session', 'view'];

/** The scripts of the pages, which connect the layers. */
export const PAGES = ['main.js', 'decide.js', 'app.js'];

/** Scripts without imports, which run in a worker. */
export const WORKERS = 'workers';

/** @typedef {{ path: string, source: string }} SourceFile `path` relative to web/ */

/** @param {string} directory @returns {SourceFile[]} */
export function filesOf(directory) {
  return readdirSync(join(root, directory), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.js'))
    .map((entry) => fileAt(relative(root, join(entry.parentPath, entry.name))));
}

/** @param {string} path @returns {SourceFile} */
export function fileAt(path) {
  return { path, source: readFileSync(join(root, path), 'utf8') };
}
