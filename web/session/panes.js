/**
 * The three panes: a subscriber each.
 *
 * @typedef {import('../model/events.js').PaneEvent} PaneEvent
 * @typedef {import('../model/types.js').NetworkParams} NetworkParams
 * @typedef {import('../model/types.js').PaneId} PaneId
 * @typedef {import('../model/presets.js').Settings} Settings
 * @typedef {import('./server.js').ServerSession} ServerSession
 * @typedef {import('./subscriber.js').Subscriber} Subscriber
 * @typedef {import('./subscriber.js').SubscriberOptions} SubscriberOptions
 *
 * @typedef {object} Pane
 * @property {PaneId} id
 * @property {Subscriber} subscriber
 * @property {() => void} reset
 *
 * @typedef {import('../model/timeline.js').Timeline} Timeline
 */
import { meterOf } from '../model/meters.js';
import { networkText } from '../model/network.js';
import { DEFAULT_INTERVAL_MS, DEFAULT_TRANSPORTS } from '../model/presets.js';
import { networkParamsFor, waitParamsFor } from './network.js';
import { createSubscriber } from './subscriber.js';

/** @type {PaneId[]} */
const PANE_IDS = ['poll', 'longpoll', 'ws'];

/**
 * @param {string} client the name of this page
 * @param {Settings} settings
 * @param {ServerSession} server
 * @param {SubscriberOptions['measure']} measure
 * @param {(event: PaneEvent, pane: PaneId) => void} record
 * @param {Timeline} timeline
 * @returns {Pane[]}
 */
export function createPanes(client, settings, server, measure, record, timeline) {
  const networkOf = (/** @type {PaneId} */ id) => settings.paneNetworks[id] ?? settings.network;
  return PANE_IDS.map((id, index) => {
    let count = 0;
    /** @returns {NetworkParams} */
    const networkParams = () => {
      const { transport } = subscriber;
      const wait = waitParamsFor(transport, document.hidden, server.maxWaitMs);
      if (!server.labEnabled) return wait;
      const pane = meterOf(id, timeline.stats(id).segment.number);
      const request = { client, pane, transport, count: count++ };
      return { ...wait, ...networkParamsFor(request, networkOf(id), settings.seed) };
    };
    const subscriber = createSubscriber({
      transport: DEFAULT_TRANSPORTS[index] ?? 'interval',
      intervalMs: DEFAULT_INTERVAL_MS,
      measure,
      emit: (event) => record(event, id),
      networkParams,
      network: () => (server.labEnabled ? networkText(networkOf(id)) : ''),
    });
    const reset = () => {
      subscriber.reset();
      count = 0;
    };
    return { id, subscriber, reset };
  });
}
