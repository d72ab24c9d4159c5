/** A server of a test, on a free port. */
import assert from 'node:assert/strict';
import { start, stop, waitForLine } from './processes.js';

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
    this.process = await start(PROGRAM, ['--listen', listen, ...this.flags], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, RUST_LOG: 'error' },
    });
    this.url = await waitForLine(this.process.stdout, /^listening on (\S+)/);
  }

  async stop() {
    if (this.process) await stop(this.process);
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
