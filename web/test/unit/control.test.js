import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createControl } from '../../net/control.js';

/** A WebSocket that does what the test says. */
class Socket {
  static OPEN = 1;
  /** All that were made, in order. @type {Socket[]} */
  static all = [];
  readyState = 0;
  /** @type {any[]} */
  sent = [];
  onmessage = (/** @type {{ data: string }} */ _) => {};
  onclose = () => {};

  constructor() {
    Socket.all.push(this);
  }

  /** @param {string} json */
  send(json) {
    this.sent.push(JSON.parse(json));
  }

  /** @param {object} message */
  say(message) {
    this.readyState = 1;
    this.onmessage({ data: JSON.stringify(message) });
  }

  close() {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.onclose();
  }
}

const HERE = { type: 'presence', online: 1 };

/**
 * A channel whose sockets and timers are moved by hand.
 * @param {import('node:test').TestContext} context
 */
function byHand(context) {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  context.mock.method(Math, 'random', () => 1); // each pause is as long as it may be
  Socket.all = [];
  Object.assign(globalThis, { WebSocket: Socket, location: { href: 'http://localhost/' } });
  /** @type {{ closed: number, meters: unknown[] }} */
  const heard = { closed: 0, meters: [] };
  const control = createControl('ana', {
    onRoom: () => {},
    onMeters: (panes, resets) => heard.meters.push([panes, resets]),
    onClosed: () => (heard.closed += 1),
  });
  const life = new AbortController();
  return {
    control,
    heard,
    life,
    join: () => control.join(life.signal),
    /** Time goes by, and what it brings is done. @param {number} ms */
    async pass(ms) {
      for (const step of [0, ms]) {
        context.mock.timers.tick(step);
        for (let turns = 0; turns < 10; turns++) await Promise.resolve();
      }
    },
    socket: () => /** @type {Socket} */ (Socket.all.at(-1)),
  };
}

test('it is open when the server has spoken, and not before', async (context) => {
  const { control, join, socket } = byHand(context);
  const joined = join();
  socket().readyState = 1;
  assert.equal(control.open, false);
  await assert.rejects(control.ask({ type: 'reset' }), { message: 'not connected' });
  socket().say(HERE);
  await joined;
  assert.equal(control.open, true);
});

test('answers belong to questions in their order, and what comes unasked to none', async (context) => {
  const { control, join, socket, heard } = byHand(context);
  join();
  socket().say(HERE);
  const [first, second, third] = [1, 2, 3].map((t) => control.ask({ type: 'ping', t }));
  assert.deepEqual(socket().sent.map(({ t }) => t), [1, 2, 3]);
  socket().say({ type: 'pong', t: 1 });
  socket().say({ type: 'meters', generation: 4, panes: { poll: {} } });
  socket().say({ type: 'error', title: 'no', status: 400 });
  socket().say({ type: 'pong', t: 3 });
  assert.equal((await first).t, 1);
  await assert.rejects(second ?? assert.fail(), { message: 'no', status: 400 });
  assert.equal((await third).t, 3);
  assert.deepEqual(heard.meters, [[{ poll: {} }, 4]]);
});

test('an answer that does not come ends the channel, and another one is made', async (context) => {
  const { control, join, socket, heard, pass } = byHand(context);
  join();
  const first = socket();
  first.say(HERE);
  const asked = control.ask({ type: 'reset' });
  const refused = assert.rejects(asked, { message: 'no answer in time' });
  await pass(10_000);
  await refused;
  assert.deepEqual([first.readyState, control.open, heard.closed], [3, false, 1]);
  await pass(250);
  assert.equal(Socket.all.length, 2);
  socket().say(HERE);
  assert.equal(control.open, true);
});

test('the first attempt is waited for, the others are not, and each waits longer than the one before', async (context) => {
  const { join, socket, pass } = byHand(context);
  const joined = join();
  socket().close();
  await joined;
  for (const [index, pause] of [250, 500, 1000, 2000, 4000, 8000, 8000].entries()) {
    await pass(pause - 1);
    assert.equal(Socket.all.length, index + 1);
    await pass(1);
    assert.equal(Socket.all.length, index + 2);
    socket().close();
  }
});

test('a socket that is opened and says nothing counts as none', async (context) => {
  const { control, join, socket, pass } = byHand(context);
  const joined = join();
  socket().readyState = 1;
  await pass(9_999);
  assert.equal(socket().readyState, 1);
  await pass(1);
  assert.equal(socket().readyState, 3);
  await joined;
  assert.equal(control.open, false);
  await pass(250);
  assert.equal(Socket.all.length, 2);
});

test('a socket that is cut each time it was opened is not asked for without a pause', async (context) => {
  const { join, socket, pass } = byHand(context);
  join();
  for (let times = 1; times <= 5; times++) {
    socket().say(HERE);
    socket().close();
    assert.equal(Socket.all.length, times);
    await pass(250);
  }
});

for (const speaks of [true, false]) {
  test(`who leaves closes what is ${speaks ? 'open' : 'being opened'}, and makes no other`, async (context) => {
    const { control, join, socket, life, heard, pass } = byHand(context);
    const joined = join();
    if (speaks) socket().say(HERE);
    life.abort();
    await joined;
    assert.deepEqual([socket().readyState, control.open, heard.closed], [3, false, speaks ? 1 : 0]);
    await pass(60_000);
    assert.equal(Socket.all.length, 1);
  });
}
