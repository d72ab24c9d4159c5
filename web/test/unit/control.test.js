import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createControl } from '../../net/control.js';

/** A WebSocket whose server is the test. */
class FakeSocket {
  static OPEN = 1;
  /** All sockets, in order. @type {FakeSocket[]} */
  static all = [];
  readyState = 0;
  /** @type {any[]} */
  sent = [];
  onmessage = (/** @type {{ data: string }} */ _) => {};
  onclose = () => {};

  constructor() {
    FakeSocket.all.push(this);
  }

  /** @param {string} json */
  send(json) {
    this.sent.push(JSON.parse(json));
  }

  /** @param {object} message */
  receive(message) {
    this.readyState = 1;
    this.onmessage({ data: JSON.stringify(message) });
  }

  close() {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.onclose();
  }
}

const PRESENCE = { type: 'presence', online: 1 };

/**
 * A control channel with fake sockets and timers.
 * @param {import('node:test').TestContext} context
 */
function withFakes(context) {
  context.mock.timers.enable({ apis: ['setTimeout'] });
  context.mock.method(Math, 'random', () => 1); // no jitter
  FakeSocket.all = [];
  Object.assign(globalThis, { WebSocket: FakeSocket, location: { href: 'http://localhost/' } });
  /** @type {{ closed: number, meters: unknown[] }} */
  const calls = { closed: 0, meters: [] };
  const control = createControl('ana', {
    onPresence: () => {},
    onMeters: (panes, generation) => calls.meters.push([panes, generation]),
    onClosed: () => (calls.closed += 1),
  });
  const session = new AbortController();
  return {
    control,
    calls,
    session,
    connect: () => control.connect(session.signal),
    /** Lets time pass, and runs what it triggers. @param {number} ms */
    async advance(ms) {
      for (const step of [0, ms]) {
        context.mock.timers.tick(step);
        for (let turns = 0; turns < 10; turns++) await Promise.resolve();
      }
    },
    socket: () => /** @type {FakeSocket} */ (FakeSocket.all.at(-1)),
  };
}

test('the channel is open after the first message of the server', async (context) => {
  const { control, connect, socket } = withFakes(context);
  const connected = connect();
  socket().readyState = 1;
  assert.equal(control.open, false);
  await assert.rejects(control.request({ type: 'reset' }), { message: 'not connected' });
  socket().receive(PRESENCE);
  await connected;
  assert.equal(control.open, true);
});

test('replies belong to requests in their order, other messages to none', async (context) => {
  const { control, connect, socket, calls } = withFakes(context);
  connect();
  socket().receive(PRESENCE);
  const [first, second, third] = [1, 2, 3].map((t) => control.request({ type: 'ping', t }));
  assert.deepEqual(socket().sent.map(({ t }) => t), [1, 2, 3]);
  socket().receive({ type: 'pong', t: 1 });
  socket().receive({ type: 'meters', generation: 4, panes: { poll: {} } });
  socket().receive({ type: 'error', title: 'no', status: 400 });
  socket().receive({ type: 'pong', t: 3 });
  assert.equal((await first).t, 1);
  await assert.rejects(second ?? assert.fail(), { message: 'no', status: 400 });
  assert.equal((await third).t, 3);
  assert.deepEqual(calls.meters, [[{ poll: {} }, 4]]);
});

test('a missing reply closes the channel and opens another one', async (context) => {
  const { control, connect, socket, calls, advance } = withFakes(context);
  connect();
  const first = socket();
  first.receive(PRESENCE);
  const rejected = assert.rejects(control.request({ type: 'reset' }), { message: 'reply timed out' });
  await advance(10_000);
  await rejected;
  assert.deepEqual([first.readyState, control.open, calls.closed], [3, false, 1]);
  await advance(250);
  assert.equal(FakeSocket.all.length, 2);
  socket().receive(PRESENCE);
  assert.equal(control.open, true);
});

test('a reply in time keeps the channel open', async (context) => {
  const { control, connect, socket, advance } = withFakes(context);
  connect();
  socket().receive(PRESENCE);
  const reply = control.request({ type: 'ping', t: 1 });
  socket().receive({ type: 'pong', t: 1 });
  await reply;
  await advance(60_000);
  assert.equal(control.open, true);
});

test('connect resolves after the first attempt, and reconnects with back-off', async (context) => {
  const { connect, socket, advance } = withFakes(context);
  const connected = connect();
  socket().close();
  await connected;
  for (const [index, pause] of [250, 500, 1000, 2000, 4000, 8000, 8000].entries()) {
    await advance(pause - 1);
    assert.equal(FakeSocket.all.length, index + 1);
    await advance(1);
    assert.equal(FakeSocket.all.length, index + 2);
    socket().close();
  }
});

test('an open socket without a message times out', async (context) => {
  const { control, connect, socket, advance } = withFakes(context);
  const connected = connect();
  socket().readyState = 1;
  await advance(9_999);
  assert.equal(socket().readyState, 1);
  await advance(1);
  assert.equal(socket().readyState, 3);
  await connected;
  assert.equal(control.open, false);
  await advance(250);
  assert.equal(FakeSocket.all.length, 2);
});

test('a channel that closes after each opening is not reopened without a pause', async (context) => {
  const { connect, socket, advance } = withFakes(context);
  connect();
  for (let times = 1; times <= 5; times++) {
    socket().receive(PRESENCE);
    socket().close();
    assert.equal(FakeSocket.all.length, times);
    await advance(250);
  }
});

for (const isOpen of [true, false]) {
  test(`disconnect closes ${isOpen ? 'an open' : 'a connecting'} socket and stops reconnecting`, async (context) => {
    const { control, connect, socket, session, calls, advance } = withFakes(context);
    const connected = connect();
    if (isOpen) socket().receive(PRESENCE);
    session.abort();
    await connected;
    assert.deepEqual([socket().readyState, control.open, calls.closed], [3, false, isOpen ? 1 : 0]);
    await advance(60_000);
    assert.equal(FakeSocket.all.length, 1);
  });
}

test('disconnect rejects pending requests at once', async (context) => {
  const { control, connect, socket, session } = withFakes(context);
  connect();
  socket().receive(PRESENCE);
  const request = control.request({ type: 'reset' });
  socket().onclose = () => {}; // a closing handshake can take seconds
  session.abort();
  await assert.rejects(request, { message: 'control channel closed' });
});
