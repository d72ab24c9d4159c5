import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_QUEUED, createOutbox } from '../../net/outbox.js';

/** @typedef {import('../../net/control.js').Control} Control */

/** A channel with these replies, one after the other. @param {(object | Error)[]} replies */
function fakeChannel(replies) {
  /** @type {Control} */
  const control = {
    open: true,
    connect: async () => {},
    request: async () => {
      const reply = replies.shift();
      if (reply instanceof Error) throw reply;
      return reply;
    },
  };
  return control;
}

/** @param {number} status */
const replyError = (status) => Object.assign(new Error(`${status}`), { status });
const message = { id: 'a', sender: 'ana', kind: 'chat', body: 'hi' };

test('a retryable error is retried', async () => {
  const replies = [replyError(503), replyError(429), { id: 'a', version: 1 }];
  const published = await createOutbox(fakeChannel(replies), () => {}).publish(message);
  assert.deepEqual(published, { id: 'a', version: 1 });
});

test('a rejected message is not sent again', async () => {
  const replies = [replyError(400), { id: 'a', version: 1 }];
  const sent = createOutbox(fakeChannel(replies), () => {}).publish(message);
  await assert.rejects(sent, { message: '400' });
  assert.equal(replies.length, 1);
});

test('messages are sent one after the other, and counted while they are queued', async () => {
  /** @type {number[]} */
  const counts = [];
  const replies = [{ id: 'a', version: 1 }, { id: 'b', version: 2 }];
  const outbox = createOutbox(fakeChannel(replies), (queued) => counts.push(queued));
  const acks = await Promise.all([outbox.publish(message), outbox.publish({ ...message, id: 'b' })]);
  assert.deepEqual(acks.map(({ version }) => version), [1, 2]);
  assert.deepEqual(counts, [1, 2, 1, 0]);
});

test('a full outbox rejects further messages', async () => {
  const never = { ...fakeChannel([]), request: () => new Promise(() => {}) };
  const outbox = createOutbox(never, () => {});
  for (let count = 0; count < MAX_QUEUED; count++) outbox.publish(message);
  await assert.rejects(outbox.publish(message), /outbox is full/);
});
