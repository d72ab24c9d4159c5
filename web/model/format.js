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

/** A latency as far as it is known: not below its possible error.
 * @param {import('./types.js').Latency} latency */
export function latencyText({ ms, error }) {
  if (error === Infinity) return 'unknown';
  if (error > ms) return `< ${durationText(error)}`;
  return durationText(ms);
}

/** Whole numbers, with thin spaces between thousands. @param {number} value */
export function count(value) {
  return String(value).replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

/** @param {string} text */
export function capitalize(text) {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

const BYTE_UNITS = ['kB', 'MB', 'GB', 'TB', 'PB'];

/** Bytes in thousands (SI), as networks are measured. @param {number} value */
export function bytes(value) {
  if (value < 999.5) return `${Math.round(value)}\u00a0B`;
  let [amount, unit] = [value / 1000, 0];
  for (; amount >= 999.5 && unit < BYTE_UNITS.length - 1; unit++) amount /= 1000;
  return `${amount.toFixed(amount < 9.95 ? 1 : 0)}\u00a0${BYTE_UNITS[unit]}`;
}

/** Any number, with three significant digits. @param {number} value */
export function significant(value) {
  if (value === 0) return '0';
  if (value >= 999.5) return count(Number(value.toPrecision(3)));
  if (value < 0.0001) return '< 0.0001';
  return String(Number(value.toPrecision(3)));
}

/** A figure that follows from others that are known less exactly: two significant digits.
 * @param {number} value */
export function approximate(value) {
  return significant(Number(value.toPrecision(2)));
}

/** @param {string} rate as text */
export function messagesPerSecond(rate) {
  return `${rate} message${rate === '1' ? '' : 's'} a second`;
}

/** Delays of seconds and minutes, too. @param {number} ms */
export function longDurationText(ms) {
  if (ms < 119_500) return durationText(ms);
  return `${significant(ms / 60_000)}\u00a0min`;
}
