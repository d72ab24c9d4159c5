/**
 * Whether the server can be reached, and since when not. An attempt to connect does not end the
 * loss, only its success does.
 *
 * @typedef {import('../model/stats.js').PaneState} PaneState
 * @typedef {{ state: PaneState, stateSince: number }} PaneStatus
 */

/** A long poll that is held for longer than this has reached the server. */
const HELD_MS = 1000;

export function createReachability() {
  /** @type {number | null} */
  let lostAt = null;
  return {
    /** Since when nothing connects; null while something does. The control channel alone can be
     * blocked by a proxy: the panes tell.
     * @param {boolean} isControlOpen @param {PaneStatus[]} panes @param {number} now */
    lostSince(isControlOpen, panes, now) {
      if (isControlOpen || panes.some((pane) => isConnected(pane, now))) lostAt = null;
      else if (panes.every(isTrying)) lostAt ??= Math.min(...panes.map(({ stateSince }) => stateSince));
      return lostAt;
    },
  };
}

/** @param {PaneStatus} pane */
const isTrying = ({ state }) => state === 'retrying' || state === 'connecting';

/** @param {PaneStatus} pane @param {number} now */
function isConnected({ state, stateSince }, now) {
  if (state === 'held') return now - stateSince > HELD_MS;
  return !isTrying({ state, stateSince });
}
