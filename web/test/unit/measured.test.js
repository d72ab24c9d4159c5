import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { BYTES, CPU_US, MEMORY, SOURCE } from '../../model/measured.js';

/** The rows of the table "What one exchange costs": name and first number. */
function documented() {
  const document = readFileSync(new URL(`../../../${SOURCE}`, import.meta.url), 'utf8');
  const [, section = ''] = document.split('## What one exchange costs\n');
  const [table = ''] = section.split('\n## ');
  const rows = [...table.matchAll(/^\| ([^|]+) \| ([\d .]+?) (?:bytes|µs)/gm)];
  return Object.fromEntries(rows.map(([, name, number = '']) => [name, Number(number.replaceAll(' ', ''))]));
}

test('the measured figures are those of the document', () => {
  assert.deepEqual(documented(), {
    'empty poll, request': BYTES.pollRequest,
    'empty poll, response': BYTES.pollEmptyResponse,
    'long poll, request': BYTES.longpollRequest,
    'long poll, response without messages': BYTES.longpollEmptyResponse,
    'one more message in a batch': BYTES.message,
    'WebSocket frame with one message': BYTES.frame,
    'ping of an idle WebSocket, and its pong': BYTES.pingPong,
    'poll, CPU': CPU_US.poll,
    'long poll, CPU': CPU_US.longpollDelivery,
    'WebSocket, CPU': CPU_US.wsDelivery,
    'ping and pong, CPU': CPU_US.ping,
    'idle keep-alive connection of a poller': MEMORY.idleKeepAlive,
    'long poll in flight': MEMORY.longpoll,
    'open WebSocket': MEMORY.ws,
    'browser’s header fields': BYTES.browserHeaders,
  });
});
