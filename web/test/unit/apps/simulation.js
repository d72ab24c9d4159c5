/**
 * Several clients that edit a document over a network that delays, loses, repeats and reorders,
 * with outages, reloads, gaps and other messages in the log. All of it follows from a seed.
 *
 * @typedef {import('../../../model/types.js').Message} Message
 * @typedef {import('../../../model/types.js').Update} Update
 * @typedef {import('./random.js').Random} Random
 * @typedef {import('./server.js').Server} Server
 *
 * @typedef {object} Modules the code under test, or a broken variant of it
 * @property {typeof import('../../../apps/replica.js').createReplica} createReplica
 * @property {typeof import('../../../apps/editor.js').createEditor} createEditor
 * @property {import('../../../apps/replica.js').App} documentApp
 *
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

/** @param {number} count @returns {string} a code point that is used once: CJK, then supplementary */
const nthCharacter = (count) => String.fromCodePoint(count < 20_000 ? 0x4e00 + count : 0x20000 + count);

/**
 * @param {Modules} modules
 * @param {Server} server
 * @param {ReturnType<typeof createRecord>} record
 * @param {string} name unique for each load of a page
 * @param {import('../../../apps/replica.js').Stored} stored by the page before its reload
 */
function createClient(modules, server, record, name, stored) {
  let messages = 0;
  const nextId = () => `${name}-${++messages}`;
  /** @type {Outgoing[]} */
  const outbox = stored.entries.map(({ id, base, run, change }) => ({
    id,
    kind: 'document',
    body: { type: 'change', base, run, change },
  }));
  const since = server.oldest() - 1;
  const ledger = createLedger({ since, epoch: 'e' });
  const replica = modules.createReplica(modules.documentApp, {
    since,
    nextId,
    send: (id, body) => outbox.push({ id, kind: 'document', body }),
    onLost: (changes) => (record.lostChanges += changes.length),
    ...LIMITS,
  });
  replica.adopt(stored);
  const editor = modules.createEditor(replica);
  editor.refresh();
  return {
    name,
    nextId,
    outbox,
    ledger,
    replica,
    editor,
    /** @type {Update[]} responses on their way */
    responses: [],
    isOnline: true,
    isWaiting: false,
    caret: '',
    clock: 0,
  };
}

/** @param {Client} client @param {Update} update */
function deliver(client, update) {
  const { ledger, replica, editor } = client;
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
  editor.refresh();
}

/** A page publishes a snapshot when one is due, and asks for one while it has no state.
 * @param {Client} client @param {Client[]} clients @param {Server} server
 * @param {ReturnType<typeof createRecord>} record */
function maintain(client, clients, server, record) {
  const { replica, outbox, nextId } = client;
  if (replica.isSnapshotDue && !outbox.some(({ body }) => 'content' in body)) {
    for (const body of replica.snapshot(nextId())) outbox.push({ id: nextId(), kind: 'document', body });
  }
  if (replica.state !== null || replica.version < server.history.length) return;
  const isAlone = clients.every((other) => other.replica.state === null);
  if (client.isWaiting && !isAlone) return;
  client.isWaiting = true;
  if (isAlone) record.restarts += 1;
  outbox.push({ id: nextId(), kind: 'document', body: { type: isAlone ? 'start' : 'wanted' } });
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

/** One edit at a random place. @param {Client} client @param {Random} random
 * @param {ReturnType<typeof createRecord>} record */
function edit({ editor, ...client }, random, record) {
  const { length } = editor.shown;
  const caret = random.chance(0.6) ? editor.indexOf(client.caret) : random.below(length + 1);
  const start = Math.min(caret, length);
  const isDeletion = random.chance(0.3);
  const end = isDeletion ? Math.min(length, start + random.below(4)) : start;
  const count = isDeletion && random.chance(0.7) ? 0 : 1 + random.below(4);
  const values = Array.from({ length: count }, () => nthCharacter(record.typed.size + 1));
  let text = '';
  for (let index = 0; index < values.length; index++) {
    const value = nthCharacter(record.typed.size);
    record.typed.add(value);
    text += value;
  }
  for (const { value } of editor.shown.slice(start, end)) record.deleted.add(value);
  editor.replace(start, end, text, client.clock);
  return editor.anchorAt(start + count);
}

/** @param {Client} client @param {'undo' | 'redo'} command
 *  @param {ReturnType<typeof createRecord>} record */
function undoOrRedo({ editor }, command, record) {
  const before = new Set(editor.shown.map(({ value }) => value));
  editor[command]();
  const after = new Set(editor.shown.map(({ value }) => value));
  for (const value of before) if (!after.has(value)) record.uncertain.add(value);
  for (const value of after) if (!before.has(value)) record.uncertain.add(value);
}

/** @type {import('../../../apps/replica.js').Stored} */
const EMPTY = { version: 0, entries: [] };

/** @param {Modules} modules @param {number} seed @param {number} [steps]
 *  @param {(client: Client, server: Server) => void} [check] called after every step */
export function simulate(modules, seed, steps = 150, check = () => {}) {
  const random = createRandom(seed);
  const server = createServer(LIMITS.retention);
  const record = createRecord();
  let names = 0;
  const load = (stored = EMPTY) =>
    createClient(modules, server, record, `c${++names}`, stored);
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
      if (client.replica.isReady) act(client, random, record);
    } else exchange(client, clients, server, random, record);
    check(client, server);
  }
  quiesce(clients, server, record, check);
  return { clients, server, record };
}

/** @param {Client} client @param {Random} random @param {ReturnType<typeof createRecord>} record */
function act(client, random, record) {
  const action = random.next();
  if (action < 0.75) client.caret = edit(client, random, record);
  else if (action < 0.85) client.editor.flush();
  else undoOrRedo(client, action < 0.95 ? 'undo' : 'redo', record);
}

/** @param {Client} client @param {Client[]} clients @param {Server} server @param {Random} random
 *  @param {ReturnType<typeof createRecord>} record */
function exchange(client, clients, server, random, record) {
  if (random.chance(0.2)) client.editor.flush();
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
 * @param {Server} server @param {ReturnType<typeof createRecord>} record
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
      client.editor.flush();
      maintain(client, clients, server, record);
      while (client.outbox.length > 0) sendNext(client, server, true);
      client.responses = [];
      deliver(client, { ...server.read(client.ledger.cursor), exchange: EXCHANGE });
      check(client, server);
    }
  }
}
