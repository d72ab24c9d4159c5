/** A server of a test, on a free port. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const PROGRAM = process.env.TRIFOLD_BIN ?? '../target/debug/trifold';

export class Server {
  /** @param {string[]} [flags] @param {string} [host] the address to listen on */
  constructor(flags = [], host = '127.0.0.1') {
    this.flags = flags;
    this.host = host;
    this.url = '';
  }

  async start() {
    const listen = this.url ? new URL(this.url).host : `${this.host}:0`;
    this.process = spawn(PROGRAM, ['--listen', listen, ...this.flags], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, RUST_LOG: 'error' },
    });
    const [line] = await once(createInterface(this.process.stdout), 'line');
    this.url = String(line).replace('listening on ', '');
  }

  async stop() {
    if (!this.process || this.process.exitCode !== null) return;
    const ended = once(this.process, 'exit');
    this.process.kill('SIGTERM');
    await ended;
  }

  /** @param {object} message */
  async publish(message) {
    const response = await fetch(`${this.url}/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(message),
    });
    assert.equal(response.status, 201);
    return response.json();
  }

  async health() {
    return (await fetch(`${this.url}/health`)).json();
  }
}
