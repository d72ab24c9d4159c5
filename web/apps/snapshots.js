/**
 * Snapshots: the log retains its last messages only, so a client publishes the whole state as a
 * message from time to time. It is valid for a client that has all messages after `through`, and
 * whoever comes late starts there.
 *
 * @typedef {import('../model/types.js').Message} Message
 * @typedef {import('./replica.js').App} App
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

/**
 * @param {App} app
 * @param {number} initialSince the version before the first message
 * @param {number} [interval]
 */
export function createSnapshots(app, initialSince, interval = SNAPSHOT_INTERVAL) {
  let since = initialSince;
  let through = initialSince;
  let wantedAt = 0;
  /** @type {Message[]} */
  let buffer = [];
  /** @type {Map<string, Part[]>} */
  const incomplete = new Map();

  /** @param {Message} message @returns {Received} */
  function keep(message) {
    buffer.push(message);
    if (buffer.length > MAX_BUFFERED) since = buffer.shift()?.version ?? since;
    return { changes: [] };
  }

  /** @param {Part} part @param {boolean} isLoading @returns {Received} */
  function receivePart(part, isLoading) {
    const parts = collect(incomplete, part);
    if (!parts) return { changes: [] };
    through = Math.max(through, part.through);
    if (!isLoading || part.through < since) return { changes: [] };
    const changes = buffer.filter(({ version }) => version > part.through);
    buffer = [];
    return { state: app.load(parts.map(({ content }) => content)), changes };
  }

  return {
    /** @param {Message} message @param {boolean} isLoading whether there is no state yet
     *  @returns {Received} */
    receive(message, isLoading) {
      const body = /** @type {any} */ (message.body);
      if (body?.type === 'wanted') wantedAt = message.version;
      if (body?.type === 'start') {
        buffer = [];
        through = message.version;
        return { state: app.create(), changes: [] };
      }
      if (isPart(body)) return receivePart(body, isLoading);
      return isLoading ? keep(message) : { changes: [message] };
    },
    /** Messages are missing: the next one follows this version. @param {number} version */
    restart(version) {
      since = version;
      through = version;
      buffer = [];
      incomplete.clear();
    },
    /** Whether somebody waits for one, or there are too many versions since the last one.
     * @param {number} version */
    isDue: (version) => wantedAt > through || version - through > interval,
  };
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
