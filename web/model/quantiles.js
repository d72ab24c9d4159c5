/** Quantiles by nearest rank, so that each is a value that was measured. */

/**
 * @param {number[]} sorted ascending
 * @param {number} share between 0 and 1
 * @returns {number | null} `null` for an empty sample
 */
export function quantile(sorted, share) {
  const rank = Math.max(1, Math.ceil(share * sorted.length));
  return sorted[rank - 1] ?? null;
}

/**
 * @param {number[]} values in order of arrival
 * @returns {{ n: number, p50: number | null, p95: number | null, mean: number | null,
 *             last: number | null }}
 */
export function summarize(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const sum = values.reduce((total, value) => total + value, 0);
  return {
    n: values.length,
    p50: quantile(sorted, 0.5),
    p95: quantile(sorted, 0.95),
    mean: values.length > 0 ? sum / values.length : null,
    last: values.at(-1) ?? null,
  };
}

/**
 * Reduces a sample to what a drawing needs: the values at evenly spaced ranks.
 *
 * @param {number[]} values
 * @param {number} maxPoints
 * @returns {{ ms: number, share: number }[]} ascending; the share that had arrived by then
 */
export function distribution(values, maxPoints = 200) {
  const sorted = values.toSorted((a, b) => a - b);
  const stride = Math.max(1, Math.ceil(sorted.length / maxPoints));
  /** @type {{ ms: number, share: number }[]} */
  const points = [];
  for (let rank = stride; rank - stride < sorted.length; rank += stride) {
    const index = Math.min(rank, sorted.length) - 1;
    points.push({ ms: sorted[index] ?? 0, share: (index + 1) / sorted.length });
  }
  return points;
}
