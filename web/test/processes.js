/** Processes that end with the program that started them, also if it fails. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** @typedef {import('node:child_process').ChildProcess} ChildProcess */

/** How long a process may take to end before it is killed. */
const GRACE_MS = 5000;

/** How long a process may take to start. */
const START_MS = 30_000;

/**
 * Starts a program; rejects if there is none of this name.
 * @param {string} program @param {string[]} args @param {import('node:child_process').SpawnOptions} options
 */
export async function start(program, args, options) {
  const child = spawn(program, args, options);
  const kill = () => child.kill('SIGKILL');
  process.prependOnceListener('exit', kill); // before its files are removed
  child.once('exit', () => process.off('exit', kill));
  await once(child, 'spawn');
  // Else a test that fails before it stops them would wait for them, forever.
  child.unref();
  for (const pipe of child.stdio) /** @type {import('node:net').Socket | null} */ (pipe)?.unref();
  return child;
}

/** Ends a process. @param {ChildProcess} child */
export async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
  await ended;
  clearTimeout(timer);
}

/**
 * Waits for a line of output, and returns the pattern's first group. Further lines are discarded.
 * @param {unknown} output of a process @param {RegExp} pattern @returns {Promise<string>}
 */
export function waitForLine(output, pattern) {
  const lines = createInterface(/** @type {import('node:stream').Readable} */ (output));
  return new Promise((resolve, reject) => {
    const fail = (/** @type {string} */ what) => reject(new Error(`${what} a line like ${pattern}`));
    const timer = setTimeout(() => fail(`after ${START_MS} ms still without`), START_MS);
    lines.on('line', (line) => {
      const [, group] = pattern.exec(line) ?? [];
      if (group === undefined) return;
      clearTimeout(timer);
      resolve(group);
    });
    lines.on('close', () => {
      clearTimeout(timer);
      fail('the process ended without');
    });
  });
}
