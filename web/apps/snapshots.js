/**
 * Snapshots: the log retains its last messages only, so a client publishes the whole state as a
 * message from time to time. It is valid for a client that has all messages after `through`, and
 * a client that joins late starts there.
 *
 * @typedef {import('../model/types.js').Message} Message
 * @typedef {import('./mergeable.js').App} App
 *
 * @typedef {{ type: 'snapshot', name: string, through: number, part: number, parts: number,
 *             content: any[] }} Part
 *   The state of version `through`, in `parts` messages with the same `name`.
 *
 * @typedef {{ state?: any, changes: Message[] }} Received
 *   A state that replaces the present one, and the changes that follow.
 */

/** A snapshot is due when the log has so many versions more than the last one covers. */
export const SNAPSHOT_INTERVAL = 2000;

/** A client that waits for a snapshot keeps no more messages than this. */
const MAX_BUFFERED = 20_000;

/** Most parts of a snapshot. */
const MAX_PARTS = 1000;

export class Snapshots {
  #app;
  #interval;
  /** The version before the first message that was received. */
  #since;
  /** What the last snapshot covers. */
  #through;
  #wantedAt = 0;
  /** Changes that wait for a snapshot. @type {Message[]} */
  #buffer = [];
  /** @type {Map<string, Part[]>} */
  #incomplete = new Map();

  /** @param {App} app @param {number} since the version before the first message
   *  @param {number} [interval] */
  constructor(app, since, interval = SNAPSHOT_INTERVAL) {
    this.#app = app;
    this.#interval = interval;
    this.#since = since;
    this.#through = since;
  }

  /** @param {Message} message @param {boolean} isLoading whether there is no state yet
   *  @returns {Received} */
  receive(message, isLoading) {
    const body = /** @type {any} */ (message.body);
    if (body?.type === 'wanted') this.#wantedAt = message.version;
    if (body?.type === 'start') {
      this.#buffer = [];
      this.#through = message.version;
      return { state: this.#app.create(), changes: [] };
    }
    if (isPart(body)) return this.#receivePart(body, isLoading);
    return isLoading ? this.#keep(message) : { changes: [message] };
  }

  /** Messages are missing: the next one follows this version. @param {number} version */
  restart(version) {
    this.#since = version;
    this.#through = version;
    this.#buffer = [];
    this.#incomplete.clear();
  }

  /** Whether another page waits for one, or there are too many versions since the last one.
   * @param {number} version */
  isDue(version) {
    return this.#wantedAt > this.#through || version - this.#through > this.#interval;
  }

  /** @param {Message} message @returns {Received} */
  #keep(message) {
    this.#buffer.push(message);
    if (this.#buffer.length > MAX_BUFFERED) this.#since = this.#buffer.shift()?.version ?? this.#since;
    return { changes: [] };
  }

  /** @param {Part} part @param {boolean} isLoading @returns {Received} */
  #receivePart(part, isLoading) {
    const parts = collect(this.#incomplete, part);
    if (!parts) return { changes: [] };
    this.#through = Math.max(this.#through, part.through);
    if (!isLoading || part.through < this.#since) return { changes: [] };
    const changes = this.#buffer.filter(({ version }) => version > part.through);
    this.#buffer = [];
    return { state: this.#app.load(parts.map(({ content }) => content)), changes };
  }
}

/** The parts of a snapshot, when the last one has arrived.
 * @param {Map<string, Part[]>} incomplete @param {Part} part */
function collect(incomplete, part) {
  const parts = incomplete.get(part.name) ?? [];
  parts[part.part] = part;
  incomplete.set(part.name, parts);
  const isComplete = Object.keys(parts).length === part.parts;
  if (isComplete) incomplete.clear(); // earlier ones are of no use any more
  return isComplete ? parts : null;
}

/** @param {any} body @returns {body is Part} */
function isPart(body) {
  const isCount = (/** @type {unknown} */ value) => Number.isSafeInteger(value) && Number(value) >= 0;
  return (
    body?.type === 'snapshot' &&
    typeof body.name === 'string' &&
    [body.through, body.part, body.parts].every(isCount) &&
    body.part < body.parts &&
    body.parts <= MAX_PARTS &&
    Array.isArray(body.content)
  );
}
