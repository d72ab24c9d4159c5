/**
 * The selected message, followed through the panes.
 *
 * @typedef {import('../model/events.js').TimedPaneEvent} TimedPaneEvent
 * @typedef {import('../model/types.js').PaneId} PaneId
 * @typedef {import('./lab.js').Lab} Lab
 * @typedef {import('../model/types.js').Latency} Latency
 * @typedef {{ arrivedAt: number, latency: Latency }} PaneArrival
 */

/** @param {Lab} lab @param {() => void} onChange @param {() => void} [onStep] the next or previous
 *  message was selected */
export function createSelection({ panes, timeline }, onChange, onStep = () => {}) {
  /** @type {number | null} */
  let selected = null;

  /** @param {number | null} version */
  function select(version) {
    if (version === selected) return;
    selected = version;
    onChange();
  }

  /** The arrival of the selected message in a pane. @param {PaneId} pane */
  const arrivalIn = (pane) => firstArrival(timeline.paneEvents(pane), selected);

  return {
    select,
    clear: () => select(null),
    /** The next or previous message that has arrived. @param {-1 | 1} step */
    step(step) {
      const versions = arrivedVersions(panes.flatMap(({ id }) => timeline.paneEvents(id)));
      const from = selected ?? (step > 0 ? -Infinity : Infinity);
      const next = step > 0 ? versions.find((one) => one > from) : versions.findLast((one) => one < from);
      if (next === undefined) return;
      select(next);
      onStep();
    },
    get version() {
      return selected;
    },
    arrivalIn,
    /** Latencies in milliseconds by pane; null where it has not arrived, or its latency is unknown. */
    get state() {
      if (selected === null) return null;
      const latencies = panes.map(({ id }) => [id, knownMs(arrivalIn(id))]);
      return { version: selected, latencies: Object.fromEntries(latencies) };
    },
  };
}

/** @param {PaneArrival | null} arrival */
function knownMs(arrival) {
  return arrival && arrival.latency.error < Infinity ? arrival.latency.ms : null;
}

/** @param {TimedPaneEvent[]} events @param {number | null} version @returns {PaneArrival | null} */
function firstArrival(events, version) {
  for (const event of events) {
    if (!('receipt' in event)) continue;
    const delivery = event.receipt.newMessages.find(({ message }) => message.version === version);
    if (delivery) return { arrivedAt: event.at, latency: delivery.latency };
  }
  return null;
}

/** Versions that have arrived anywhere, ascending. @param {TimedPaneEvent[]} events */
function arrivedVersions(events) {
  const versions = events.flatMap((event) =>
    'receipt' in event ? event.receipt.newMessages.map(({ message }) => message.version) : [],
  );
  return [...new Set(versions)].sort((a, b) => a - b);
}

/** @typedef {ReturnType<typeof createSelection>} Selection */
