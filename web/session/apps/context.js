/**
 * What a model of an app gets from its session. A model folds the messages of the log into what
 * is shown, and publishes what is done here.
 *
 * @typedef {import('../../model/types.js').Gap} Gap
 * @typedef {import('../../model/types.js').Message} Message
 *
 * @typedef {object} Offer something of this client that could not be kept
 * @property {string} reason in a sentence
 * @property {string} text
 *
 * @typedef {object} Context
 * @property {string} author the name of this client, and the prefix of its message ids
 * @property {number} since  the version before the first message
 * @property {() => string} senderName
 * @property {(kind: string, body: unknown, id: string) => Promise<number>} publish
 *   Resolves with the version; rejects if the server rejects the message.
 * @property {() => number} online pages that are connected to the server
 * @property {() => void} onChange
 * @property {(text: string) => void} onNotice
 * @property {(offer: Offer) => void} onOffer
 *
 * @typedef {object} Update of the log
 * @property {Message[]} messages in order
 * @property {number} version up to which the log was read
 * @property {number} head    its newest version
 *
 * @typedef {object} AppModel
 * @property {(update: Update) => void} receive
 * @property {(gap: Gap, since: number) => void} skip the log continues after this version
 * @property {() => object} store what a reload needs
 * @property {(stored: any, isSameLog: boolean) => void} adopt
 * @property {() => void} flush sends what is held back
 * @property {number} pending changes that are not in the log yet, as far as this client knows
 * @property {boolean} isReady
 */

export {};
