/**
 * Several clients that edit a document or a board over a network that delays, loses, repeats and reorders,
 * with outages, reloads, gaps and other messages in the log. All of it follows from a seed.
 *
 * @typedef {import('../../../model/types.js').Message} Message
 * @typedef {import('../../../model/types.js').Update} Update
 * @typedef {import('./random.js').Random} Random
 * @typedef {import('./server.js').Server} Server
 *
 * @typedef {object} Driver what the clients edit, and how
 * @property {typeof import('../../../apps/replica.js').Replica} Replica
 * @property {import('../../../apps/mergeable.js').App} app
 * @property {(replica: import('../../../apps/replica.js').Replica) => any} createEditor
 * @property {(client: Client, random: Random, record: Record) => void} act one random edit
 * @property {(client: Client) => void} refresh after messages have arrived
 * @property {(client: Client) => void} flush  sends what is held back
 *
 * @typedef {ReturnType<typeof createRecord>} Record
 * @typedef {{ id: string, kind: string, body: object }} Outgoing
 * @typedef {ReturnType<typeof createClient>} Client
 */
import { applyUpdate, createLedger } from '../../../model/ledger.js';
import { EXCHANGE } from '../fixtures.js';
import { createRandom } from './random.js';
import { createServer } from './server.js';

/** Small limits, so that a few hundred steps reach them. */
export const LIMITS = { maxAge: 60, snapshotInterval: 40, retention: 150 };

/** Everything that a run needs to know at its end. */
function createRecord() {
  return {
    /** Every character that was typed. @type {Set<string>} */
    typed: new Set(),
    /** Those that a client has deleted. @type {Set<string>} */
    deleted: new Set(),
    /** Those that undo or redo may have taken away or brought back. @type {Set<string>} */
    uncertain: new Set(),
    restarts: 0,
    lostChanges: 0,
  };
}

/**
 * @param {Driver} driver
 * @param {Server} server
 * @param {Record} record
 * @param {string} name unique for each load of a page
 * @param {import('../../../apps/replica.js').Stored} stored by the page before its reload
 */
function createClient(driver, server, record, name, stored) {
  let messages = 0;
  const nextId = () => `${name}-${++messages}`;
  /** @type {Outgoing[]} */
  const outbox = stored.entries.map(({ id, base, run, change }) => ({
    id,
    kind: driver.app.kind,
    body: { type: 'change', base, run, change },
  }));
  const since = server.oldest() - 1;
  const ledger = createLedger({ since, epoch: 'e' });
  const replica = new driver.Replica(driver.app, {
    since,
    nextId,
    send: (id, body) => outbox.push({ id, kind: driver.app.kind, body }),
    onLost: (changes) => (record.lostChanges += changes.length),
    ...LIMITS,
  });
  replica.adopt(stored);
  const client = {
    name,
    nextId,
    driver,
    outbox,
    ledger,
    replica,
    editor: driver.createEditor(replica),
    /** @type {Update[]} responses on their way */
    responses: [],
    isOnline: true,
    isWaiting: false,
    caret: '',
    clock: 0,
  };
  driver.refresh(client);
  return client;
}

/** @param {Client} client @param {Update} update */
function deliver(client, update) {
  const { ledger, replica, driver } = client;
  const before = ledger.cursor.since;
  const delivery = (/** @type {Message} */ message) => ({
    message, latency: { ms: 0, error: 0 }, bytes: 0, isMeasured: false,
  });
  if (update.type === 'gap' && update.oldest - 1 <= before) return; // an old response
  const receipt = applyUpdate(ledger, update, delivery);
  if (receipt.gap) {
    replica.skipTo(ledger.cursor.since);
    client.isWaiting = false;
  } else {
    replica.receive(receipt.newMessages.map(({ message }) => message), ledger.cursor.since);
  }
  driver.refresh(client);
}

/** A page publishes a snapshot when one is due, and asks for one while it has no state.
 * @param {Client} client @param {Client[]} clients @param {Server} server
 * @param {Record} record */
function maintain(client, clients, server, record) {
  const { replica, outbox, nextId } = client;
  const { kind } = client.driver.app;
  if (replica.isSnapshotDue && !outbox.some(({ body }) => 'content' in body)) {
    for (const body of replica.snapshot(nextId())) outbox.push({ id: nextId(), kind, body });
  }
  if (replica.state !== null || replica.version < server.history.length) return;
  const isAlone = clients.every((other) => other.replica.state === null);
  if (client.isWaiting && !isAlone) return;
  client.isWaiting = true;
  if (isAlone) record.restarts += 1;
  outbox.push({ id: nextId(), kind, body: { type: isAlone ? 'start' : 'wanted' } });
}

/** The message at the head of the outbox reaches the server; its acknowledgement may not come back.
 * @param {Client} client @param {Server} server @param {boolean} isAcknowledged */
function sendNext({ outbox, replica }, server, isAcknowledged) {
  const [message] = outbox;
  if (!message) return;
  const version = server.publish(message.id, message.kind, message.body);
  if (!isAcknowledged) return;
  outbox.shift();
  replica.acknowledge(message.id, version);
}

/** @type {import('../../../apps/replica.js').Stored} */
const EMPTY = { version: 0, entries: [] };

/** @param {Driver} driver @param {number} seed @param {number} [steps]
 *  @param {(client: Client, server: Server) => void} [check] called after every step */
export function simulate(driver, seed, steps = 150, check = () => {}) {
  const random = createRandom(seed);
  const server = createServer(LIMITS.retention);
  const record = createRecord();
  let names = 0;
  const load = (stored = EMPTY) =>
    createClient(driver, server, record, `c${++names}`, stored);
  const clients = Array.from({ length: 3 + random.below(6) }, () => load());

  for (let step = 0; step < steps; step++) {
    const index = random.below(clients.length);
    let client = /** @type {Client} */ (clients[index]);
    const action = random.next();
    client.clock = step * 200;
    if (action < 0.01) client.isOnline = false;
    else if (action < 0.03) client.isOnline = true;
    else if (action < 0.04) {
      client = clients[index] = load(structuredClone(client.replica.store()));
    } else if (action < 0.06) {
      for (let count = random.below(40); count > 0; count--) server.publish(`x-${step}-${count}`, 'chat', '');
    } else if (action < 0.4) {
      if (client.replica.isReady) driver.act(client, random, record);
    } else exchange(client, clients, server, random, record);
    check(client, server);
  }
  quiesce(clients, server, record, check);
  return { clients, server, record };
}

/** @param {Client} client @param {Client[]} clients @param {Server} server @param {Random} random
 *  @param {Record} record */
function exchange(client, clients, server, random, record) {
  if (random.chance(0.2)) client.driver.flush(client);
  maintain(client, clients, server, record);
  if (!client.isOnline) return;
  const action = random.next();
  if (action < 0.35) sendNext(client, server, random.chance(0.8));
  else if (action < 0.65) {
    const update = server.read(client.ledger.cursor, 1 + random.below(60));
    client.responses.push({ ...update, exchange: EXCHANGE });
  } else if (action < 0.97) {
    const [update] = client.responses.splice(random.below(client.responses.length), 1);
    if (update) deliver(client, structuredClone(update));
    if (update && random.chance(0.1)) client.responses.push(update); // it arrives twice
  } else client.responses = []; // another transport
}

/** Everybody is online until everything has arrived everywhere. @param {Client[]} clients
 * @param {Server} server @param {Record} record
 * @param {(client: Client, server: Server) => void} check */
function quiesce(clients, server, record, check) {
  const isQuiet = (/** @type {Client} */ { outbox, replica }) =>
    outbox.length === 0 &&
    replica.pending.length === 0 &&
    replica.state !== null &&
    replica.version === server.history.length;
  for (let round = 0; !clients.every(isQuiet); round++) {
    if (round > 400) throw new Error('never quiet');
    for (const client of clients) {
      client.driver.flush(client);
      maintain(client, clients, server, record);
      while (client.outbox.length > 0) sendNext(client, server, true);
      client.responses = [];
      deliver(client, { ...server.read(client.ledger.cursor), exchange: EXCHANGE });
      check(client, server);
    }
  }
}
