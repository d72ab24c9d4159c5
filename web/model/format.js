/** Formats figures for people: always a unit, one decimal at most. */

/**
 * @param {number | null} ms
 * @returns {{ value: string, unit: string }}
 */
export function duration(ms) {
  if (ms === null) return { value: '–', unit: '' };
  if (ms < 9.95) return { value: ms.toFixed(1), unit: 'ms' };
  if (ms < 999.5) return { value: ms.toFixed(0), unit: 'ms' };
  return { value: (ms / 1000).toFixed(ms < 9995 ? 2 : 1), unit: 's' };
}

/** @param {number | null} ms */
export function durationText(ms) {
  const { value, unit } = duration(ms);
  return unit ? `${value}\u00a0${unit}` : value;
}

/** Whole numbers, with thin spaces between thousands. @param {number} value */
export function count(value) {
  return String(value).replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

/** Bytes in thousands (SI), as networks are measured. @param {number} value */
export function bytes(value) {
  if (value < 1000) return `${value}\u00a0B`;
  const [amount, unit] = value < 999_500 ? [value / 1000, 'kB'] : [value / 1e6, 'MB'];
  return `${amount.toFixed(amount < 9.95 ? 1 : 0)}\u00a0${unit}`;
}
