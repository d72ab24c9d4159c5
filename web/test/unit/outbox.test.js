import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOutbox } from '../../net/outbox.js';

/** @typedef {import('../../net/control.js').Control} Control */

/** A channel that gives these answers, one after the other. @param {(object | Error)[]} answers */
function channel(answers) {
  /** @type {Control} */
  const control = {
    open: true,
    join: async () => {},
    ask: async () => {
      const answer = answers.shift();
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
  return control;
}

/** @param {number} status */
const refusal = (status) => Object.assign(new Error(`${status}`), { status });
const message = { id: 'a', sender: 'ana', kind: 'chat', body: 'hi' };

test('what the server cannot do now is asked for again', async () => {
  const answers = [refusal(503), refusal(429), { id: 'a', version: 1 }];
  const published = await createOutbox(channel(answers), () => {}).publish(message);
  assert.deepEqual(published, { id: 'a', version: 1 });
});

test('what the server refuses is not asked for again', async () => {
  const answers = [refusal(400), { id: 'a', version: 1 }];
  const sent = createOutbox(channel(answers), () => {}).publish(message);
  await assert.rejects(sent, { message: '400' });
  assert.equal(answers.length, 1);
});
