/**
 * The document and the board in many random runs. `SEEDS=100000 npm run unit` runs more of them.
 * A failure names its seed, which repeats it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { documentApp } from '../../../apps/document.js';
import { Editor } from '../../../apps/editor.js';
import { Replica } from '../../../apps/replica.js';
import { boardDriver, foldBoard, shownOf } from './board-driver.js';
import { checkSeed } from './properties.js';
import { LIMITS, simulate } from './simulation.js';
import { loadVariant, VARIANTS } from './variants.js';

const SEEDS = Number(process.env.SEEDS ?? 2000);

/** Few seeds are enough to see a broken variant fail. */
const VARIANT_SEEDS = 400;

/** Runs in which a gap hides an acknowledged change that had no effect: rare among all. */
const RARE_SEEDS = [2296, 4253, 4830];

/** @param {number} seeds @param {(seed: number) => void} run */
function forEachSeed(seeds, run) {
  for (let seed = 1; seed <= seeds; seed++) {
    try {
      run(seed);
    } catch (error) {
      if (error instanceof Error) error.message = `seed ${seed}: ${error.message}`;
      throw error;
    }
  }
}

test('documents agree, keep what was typed, and show the fold with the pending changes', () => {
  const sum = { versions: 0, characters: 0, lostChanges: 0, restarts: 0 };
  forEachSeed(SEEDS, (seed) => {
    const result = checkSeed({ Replica, Editor, documentApp }, seed);
    for (const key of /** @type {(keyof typeof sum)[]} */ (Object.keys(sum))) sum[key] += result[key];
  });
  console.log(`${SEEDS} seeds: ${JSON.stringify(sum)}`);
  // The runs have reached what they are about.
  assert.ok(sum.versions > 50 * SEEDS && sum.lostChanges > 0);
});

test('boards agree, and show the fold with the pending changes', () => {
  forEachSeed(SEEDS / 2, (seed) => {
    const { clients, server } = simulate(boardDriver, seed, 150, ({ replica }, { history }) => {
      if (!replica.isReady) return;
      const expected = foldBoard(history.slice(0, replica.version), LIMITS.maxAge, replica.pending);
      assert.deepEqual(shownOf(replica.state), expected);
    });
    const expected = foldBoard(server.history, LIMITS.maxAge);
    for (const { replica } of clients) assert.deepEqual(shownOf(replica.state), expected);
  });
});

for (const [name, replacement] of Object.entries(VARIANTS)) {
  test(`a variant fails: ${name}`, async () => {
    const variant = await loadVariant(replacement);
    assert.throws(() => forEachSeed(VARIANT_SEEDS, (seed) => void checkSeed(variant, seed)));
  });
}

test('an acknowledged change that had no effect, hidden by a gap, is made again', async () => {
  for (const seed of RARE_SEEDS) checkSeed({ Replica, Editor, documentApp }, seed);
  const variant = await loadVariant({
    file: 'replica.js',
    from: 'if (isSkipped && !hadNoEffect) return false;',
    to: 'if (isSkipped) return false;',
  });
  for (const seed of RARE_SEEDS) assert.throws(() => checkSeed(variant, seed), /lost|is back/);
});
