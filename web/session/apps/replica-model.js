/**
 * What the models of the board and of the document have in common.
 *
 * @typedef {import('../../apps/mergeable.js').App} App
 * @typedef {import('../../apps/replica.js').Stored} Stored
 * @typedef {import('./context.js').Context} Context
 */
import { ReplicaClient } from '../replica-client.js';

export class ReplicaModel {
  /** @param {App} app @param {Context} context
   *  @param {{ onChange: () => void, onLost: (changes: any[]) => void }} hooks */
  constructor(app, context, hooks) {
    this.context = context;
    this.client = new ReplicaClient(app, context.author, context.since, {
      publish: (body, id) => context.publish(app.kind, body, id),
      online: context.online,
      onError: context.onNotice,
      ...hooks,
    });
  }

  get isReady() {
    return this.client.isReady;
  }

  get pending() {
    return this.client.replica.pending.length;
  }

  get version() {
    return this.client.replica.version;
  }

  store() {
    return this.client.replica.store();
  }

  /** @param {Stored} stored @param {boolean} isSameLog */
  adopt(stored, isSameLog) {
    this.client.adopt(stored, isSameLog);
  }

  /** Offers back what could not be kept. @param {string} reason @param {string} text */
  offer(reason, text) {
    if (text !== '') this.context.onOffer({ reason, text });
  }
}
