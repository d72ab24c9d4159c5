/** Processes that end with the program that started them, also if it fails. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** @typedef {import('node:child_process').ChildProcess} ChildProcess */

/** How long a process may take to end before it is killed. */
const GRACE_MS = 5000;

/**
 * Starts a program; rejects if there is none of this name.
 * @param {string} program @param {string[]} args @param {import('node:child_process').SpawnOptions} options
 */
export async function start(program, args, options) {
  const child = spawn(program, args, options);
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
  await once(child, 'spawn');
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
    lines.on('line', (line) => {
      const [, group] = pattern.exec(line) ?? [];
      if (group !== undefined) resolve(group);
    });
    lines.on('close', () => reject(new Error(`the process ended without a line like ${pattern}`)));
  });
}
