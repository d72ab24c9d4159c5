import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createReachability } from '../../session/reachability.js';

/** @typedef {import('../../session/reachability.js').PaneStatus} PaneStatus */

/** @param {[PaneStatus['state'], number][]} states @returns {PaneStatus[]} */
const panesOf = (...states) => states.map(([state, stateSince]) => ({ state, stateSince }));

test('the loss begins once, however often the panes try again', () => {
  const { lostSince } = createReachability();
  assert.equal(lostSince(false, panesOf(['retrying', 1000], ['retrying', 1010], ['connecting', 1020]), 1100), 1000);
  assert.equal(lostSince(false, panesOf(['retrying', 4000], ['retrying', 4500], ['retrying', 4600]), 4700), 1000);
  assert.equal(lostSince(false, panesOf(['retrying', 4000], ['held', 4690], ['retrying', 4600]), 4700), 1000);
});

test('the loss ends when a pane or the control channel is connected', () => {
  const lost = panesOf(['retrying', 1000], ['retrying', 1000], ['retrying', 1000]);
  for (const [isOpen, panes] of /** @type {const} */ ([
    [true, lost],
    [false, panesOf(['retrying', 1000], ['held', 3000], ['retrying', 1000])],
    [false, panesOf(['polling', 1000], ['retrying', 1000], ['retrying', 1000])],
    [false, panesOf(['retrying', 1000], ['retrying', 1000], ['open', 1000])],
  ])) {
    const { lostSince } = createReachability();
    assert.equal(lostSince(false, lost, 2000), 1000);
    assert.equal(lostSince(isOpen, panes, 5000), null);
  }
});
