import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const style = readFileSync(new URL('../../style.css', import.meta.url), 'utf8');

/** The colours by name, light and dark. */
const tokens = Object.fromEntries(
  [...style.matchAll(/--([\w-]+): light-dark\((#\w+), (#\w+)\)/g)].map(
    ([, name, light, dark]) => [name, { light, dark }],
  ),
);

/** Relative luminance (WCAG 2.2). @param {string} colour */
function luminance(colour) {
  const digits = colour.length === 4 ? colour.replace(/[^#]/g, '$&$&') : colour;
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((start) => {
    const share = parseInt(digits.slice(start, start + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** @param {string} front @param {string} back @param {number} least */
function assertContrast(front, back, least) {
  for (const scheme of ['light', 'dark']) {
    const [high = 0, low = 0] = [tokens[front][scheme], tokens[back][scheme]]
      .map(luminance)
      .sort((a, b) => b - a);
    const contrast = (high + 0.05) / (low + 0.05);
    assert.ok(contrast >= least, `${front} on ${back}, ${scheme}: ${contrast.toFixed(2)}`);
  }
}

test('text is legible on everything that it stands on', () => {
  for (const ground of ['paper', 'desk', 'soft']) {
    assertContrast('ink', ground, 4.5);
    assertContrast('muted', ground, 4.5);
  }
  for (const [text, tint] of [['poll', 'poll-tint'], ['longpoll', 'longpoll-tint'], ['ws-text', 'ws-tint']]) {
    assertContrast(String(text), String(tint), 4.5);
    assertContrast(String(text), 'paper', 4.5);
    assertContrast('ink', String(tint), 4.5);
    assertContrast('muted', String(tint), 4.5);
  }
  assertContrast('stale', 'paper', 4.5);
  assertContrast('stale', 'stale-tint', 4.5);
});

test('marks and edges stand out from their ground', () => {
  for (const [mark, tint] of [['poll', 'poll-tint'], ['longpoll', 'longpoll-tint'], ['ws', 'ws-tint']]) {
    assertContrast(String(mark), String(tint), 3);
    assertContrast(String(mark), 'paper', 3);
    assertContrast('stale', String(tint), 3);
  }
  assertContrast('edge', 'paper', 3);
});
