/**
 * The connection of this page to the server's lab: the control channel and its users.
 *
 * @typedef {import('../model/events.js').PageEvent} PageEvent
 */
import { createClock } from '../model/clock.js';
import { createMeters } from '../model/meters.js';
import { createControl } from '../net/control.js';
import { sleep } from '../net/sleep.js';
import { createLink } from './link.js';
import { CONTROL_TIMEOUT_MS, createServerSession, fetchTime } from './server.js';

/**
 * @param {string} client the name of this page
 * @param {(event: PageEvent) => void} record
 * @param {() => void} onChange
 */
export function createConnection(client, record, onChange) {
  let online = 0;
  const control = createControl(client, {
    onPresence: (count) => {
      online = count;
      onChange();
    },
    onMeters: (panes, generation) => meters.update(panes, generation),
    onClosed: () => {
      link.restored();
      onChange();
    },
  });
  const link = createLink(control, record);
  const clock = createClock(() => fetchTime(control));
  const server = createServerSession(control, clock, onChange);
  const meters = createMeters(() => {
    const timeout = sleep(CONTROL_TIMEOUT_MS, server.signal).then(() => ({ generation: null }));
    return Promise.race([control.request({ type: 'reset' }), timeout]);
  }, onChange);

  return {
    control,
    link,
    clock,
    server,
    meters,
    /** Pages that are connected to the server. */
    get online() {
      return online;
    },
  };
}

/** @typedef {ReturnType<typeof createConnection>} Connection */
