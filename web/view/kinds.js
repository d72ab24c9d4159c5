/**
 * Names and glyphs of the kinds of transports. Glyphs accompany colors everywhere.
 *
 * @typedef {import('../model/types.js').TransportId} TransportId
 * @typedef {import('../model/types.js').TransportKind} TransportKind
 */
import { kindOf } from '../model/types.js';
import { transports } from '../transports/index.js';

/** @type {Record<TransportKind, { name: string, glyph: string }>} */
export const KIND_LABELS = {
  poll: { name: 'Polling', glyph: '■' },
  longpoll: { name: 'Long polling', glyph: '▲' },
  ws: { name: 'WebSocket', glyph: '●' },
};

/** A transport with its variant, for example "Polling, chained". @param {TransportId} transport */
export function plainName(transport) {
  const kind = kindOf(transport);
  const { name } = KIND_LABELS[kind];
  return kind === 'poll' ? `${name}, ${transports[transport].label}` : name;
}

/** The same with its glyph, for example "■ Polling, chained". @param {TransportId} transport */
export function transportName(transport) {
  return `${KIND_LABELS[kindOf(transport)].glyph} ${plainName(transport)}`;
}
