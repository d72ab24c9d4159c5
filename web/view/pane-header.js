/**
 * The header of a pane: its name, its transport and its polling interval.
 *
 * @typedef {import('../model/types.js').PaneId} PaneId
 * @typedef {import('../model/types.js').TransportId} TransportId
 * @typedef {import('../session/subscriber.js').Subscriber} Subscriber
 */
import { durationText } from '../model/format.js';
import { kindOf } from '../model/types.js';
import { transportIds, transports } from '../transports/index.js';
import { h, setText } from './dom.js';
import { KIND_LABELS } from './kinds.js';
import { mountNumberInput } from './number-input.js';

const INTERVAL = { min: 50, max: 60_000, step: 50, unit: 'ms' };

/** @param {PaneId} id @param {Subscriber} subscriber */
export function mountPaneHeader(id, subscriber) {
  const glyph = h('span', { 'class': 'glyph', 'aria-hidden': 'true' });
  const name = h('span');
  const select = mountTransportSelect(id, subscriber);
  const input = mountNumberInput(
    { label: 'Polling interval in milliseconds', testId: `${id}-every`, ...INTERVAL },
    subscriber.intervalMs,
    (intervalMs) => subscriber.change({ intervalMs }),
  );
  const interval = h('label', { class: 'poll-interval' }, h('span', {}, 'every'), input.element, 'ms');
  const setting = h('span', { class: 'setting' });
  return {
    element: h('header', { class: 'pane-header' }, h('h2', {}, glyph, name), select, interval, setting),
    /** @param {TransportId} transport at the moment shown */
    draw(transport) {
      const kind = kindOf(transport);
      setText(glyph, KIND_LABELS[kind].glyph);
      setText(name, KIND_LABELS[kind].name);
      if (select.value !== transport) select.value = transport;
      input.show(subscriber.intervalMs);
      interval.hidden = kind !== 'poll';
      setText(setting, settingText(transport, subscriber.intervalMs));
    },
  };
}

/** The variant and the interval as text, for a projector. @param {TransportId} transport
 *  @param {number} intervalMs */
function settingText(transport, intervalMs) {
  if (kindOf(transport) !== 'poll') return '';
  return `${transports[transport].label} · ${durationText(intervalMs)}`;
}

/** @param {PaneId} id @param {Subscriber} subscriber */
function mountTransportSelect(id, subscriber) {
  const select = h(
    'select',
    {
      'aria-label': 'Transport',
      'data-testid': `${id}-technique`,
      'onchange': () =>
        subscriber.change({ transport: /** @type {TransportId} */ (select.value) }),
    },
    ...transportIds.map((value) => h('option', { value }, transports[value].label)),
  );
  return select;
}
