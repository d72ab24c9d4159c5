/** Figures of a sample: by nearest rank, so that each is a value that was really measured. */

/**
 * @param {number[]} sorted ascending
 * @param {number} share between 0 and 1
 * @returns {number | null} `null` where there is nothing to take it from
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
