/**
 * Storage of this tab. Browsers may block it (site data, private windows); then nothing is
 * remembered, and nothing else changes.
 */

/** @param {string} key @returns {string | null} */
export function readStorage(key) {
  try {
    return sessionStorage.getItem(key);
  } catch {
    return null;
  }
}

/** @param {string} key @param {string} value */
export function writeStorage(key, value) {
  try {
    sessionStorage.setItem(key, value);
  } catch {
    // Blocked, or full.
  }
}
