/**
 * Names and glyphs of the kinds of transports. Glyphs accompany colors everywhere.
 *
 * @typedef {import('../model/types.js').TransportKind} TransportKind
 */

/** @type {Record<TransportKind, { name: string, glyph: string }>} */
export const KIND_LABELS = {
  poll: { name: 'Polling', glyph: '■' },
  longpoll: { name: 'Long polling', glyph: '▲' },
  ws: { name: 'WebSocket', glyph: '●' },
};
