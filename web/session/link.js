/**
 * The simulated link between this page and the server. While it is down the server holds all
 * traffic of the page.
 *
 * @typedef {import('../net/control.js').Control} Control
 */

/** The server restores the link by itself after this time, and so does the page. */
const MAX_DOWN_MS = 20_000;

/** @param {Control} control @param {(event: { type: 'link', down: boolean }) => void} record */
export function createLink(control, record) {
  let down = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let restoreTimer;

  /** @param {boolean} isDown */
  function applyState(isDown) {
    down = isDown;
    clearTimeout(restoreTimer);
    if (down) restoreTimer = setTimeout(() => set(false), MAX_DOWN_MS);
    record({ type: 'link', down });
  }

  /** Requires the control channel. @param {boolean} isDown */
  async function set(isDown) {
    if (!control.open || isDown === down) return;
    applyState(isDown);
    await control.request({ type: 'link', down }).catch(() => {});
  }

  return {
    set,
    /** The control channel is closed, and the server has restored the link. */
    restored() {
      if (down) applyState(false);
    },
    get down() {
      return down;
    },
  };
}
