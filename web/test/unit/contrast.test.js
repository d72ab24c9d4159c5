import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

const style = readFileSync(new URL('../../style.css', import.meta.url), 'utf8');

/** The colors by name, light and dark. */
const tokens = Object.fromEntries(
  [...style.matchAll(/--([\w-]+): light-dark\((#\w+), (#\w+)\)/g)].map(
    ([, name, light, dark]) => [name, { light, dark }],
  ),
);

/** Relative luminance (WCAG 2.2). @param {string} color */
function luminance(color) {
  const digits = color.length === 4 ? color.replace(/[^#]/g, '$&$&') : color;
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((start) => {
    const share = parseInt(digits.slice(start, start + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** @param {string} foreground @param {string} background @param {number} minimum */
function assertContrast(foreground, background, minimum) {
  for (const scheme of ['light', 'dark']) {
    const [high = 0, low = 0] = [tokens[foreground][scheme], tokens[background][scheme]]
      .map(luminance)
      .sort((a, b) => b - a);
    const contrast = (high + 0.05) / (low + 0.05);
    assert.ok(contrast >= minimum, `${foreground} on ${background}, ${scheme}: ${contrast.toFixed(2)}`);
  }
}

test('text has enough contrast on every background', () => {
  for (const background of ['surface', 'background', 'surface-muted']) {
    assertContrast('text', background, 4.5);
    assertContrast('muted', background, 4.5);
  }
  for (const [name, tint] of [['poll', 'poll-tint'], ['longpoll', 'longpoll-tint'], ['ws-text', 'ws-tint']]) {
    assertContrast(String(name), String(tint), 4.5);
    assertContrast(String(name), 'surface', 4.5);
    assertContrast('text', String(tint), 4.5);
    assertContrast('muted', String(tint), 4.5);
  }
  assertContrast('stale', 'surface', 4.5);
  assertContrast('stale', 'stale-tint', 4.5);
});

test('marks and borders have enough contrast', () => {
  for (const [mark, tint] of [['poll', 'poll-tint'], ['longpoll', 'longpoll-tint'], ['ws', 'ws-tint']]) {
    assertContrast(String(mark), String(tint), 3);
    assertContrast(String(mark), 'surface', 3);
    assertContrast('stale', String(tint), 3);
  }
  assertContrast('border-strong', 'surface', 3);
});
