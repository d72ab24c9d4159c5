/**
 * What happened, as one list, and the figures as a sum over it. All that is drawn is drawn
 * from this list, so pausing and replaying are ways to look at it.
 *
 * @typedef {import('./types.js').Answer} Answer
 * @typedef {import('./types.js').Gap} Gap
 * @typedef {import('./types.js').Latency} Latency
 * @typedef {import('./types.js').Message} Message
 * @typedef {import('../transports/index.js').TechniqueId} TechniqueId
 *
 * @typedef {{ message: Message, latency: Latency, bytes: number, counts: boolean }} Delivery
 *   A message on arrival, and the bytes of its body. It does not count for the statistics when the tab was hidden between
 *   publishing and arrival.
 *
 * @typedef {{ request: number, path: string, asked: number, upMs: number, downMs: number }} Exchange
 *   One request, or one socket: its number, when it was sent, and the delay that the simulated
 *   network adds each way.
 *
 * @typedef {{ type: 'request' } & Exchange
 *   | { type: 'answer', answer: Answer, taken?: Taken } & Exchange
 *   | { type: 'frame', answer: Answer, taken?: Taken } & Exchange
 *   | { type: 'error', reason: string, timedOut: boolean } & Exchange
 *   | { type: 'cancel' } & Exchange
 *   | { type: 'open' } & Exchange
 *   | { type: 'close', code: number, reason: string, opened: boolean, meant: boolean } & Exchange
 *   | { type: 'pause', ms: number }
 *   | { type: 'taken' } & Taken
 *   | { type: 'technique', technique: TechniqueId }} Happening
 *   On one pane. A `close` was `meant` when this page wanted it; `pause` is the time until the
 *   next attempt.
 *
 * @typedef {{ type: 'published', id: string, version: number }
 *   | { type: 'heard', message: Message }
 *   | { type: 'hidden' | 'visible' }
 *   | { type: 'link', down: boolean }
 *   | { type: 'start' | 'stop' }} Occasion
 *   On no pane: the log's side, and the page's. `heard` is the first time that anyone here
 *   learns of somebody else's message.
 *
 * @typedef {object} Taken what an answer did to the display and to the ledger
 * @property {Delivery[]} fresh
 * @property {number} duplicates
 * @property {number} shown
 * @property {number} head
 * @property {number | null} staleAfter
 * @property {Message[]} messages all that was put on display, fresh or not
 * @property {{ gap: Gap, missed: number } | null} gap
 *
 * @typedef {{ at: number, pane: string | null } & (Happening | Occasion)} LabEvent
 *   `at` by this page's `performance.now()`.
 */

/** Latencies kept for the median, and lines kept for the ticker; older ones are forgotten. */
const LATENCIES_MAX = 10_000;
const LINES_MAX = 40;

/**
 * @typedef {{ kind: 'message', message: Message, latency: Latency }
 *   | { kind: 'stale', message: Message, after: number }
 *   | { kind: 'gap', gap: Gap, missed: number }
 *   | { kind: 'earlier', message: Message }} Line
 *
 * @typedef {object} Figures
 * @property {number} requests   requests and opening handshakes sent
 * @property {number} answers    answers and batches received
 * @property {number} empty      answers without a message
 * @property {number} errors     requests without an answer, and sockets that closed unmeant
 * @property {number} inFlight   requests sent and neither answered nor given up
 * @property {number} delivered  messages that arrived, each counted once
 * @property {number} stale      answers that put an older version on display than was there
 * @property {number} duplicate  messages that arrived again
 * @property {number} missed     messages that the log no longer had
 * @property {number} gaps       times that the log could not continue
 * @property {number} bodyBytes  bytes of the bodies of what was delivered
 * @property {number} shown      the version on display, right or wrong
 * @property {number} head       the newest version that the log told of
 * @property {Latency[]} latencies
 * @property {Line[]} lines      newest first
 * @property {Message | null} text the shared text on display
 */

/** @returns {Figures} */
export function zeroFigures() {
  return {
    requests: 0,
    answers: 0,
    empty: 0,
    errors: 0,
    inFlight: 0,
    delivered: 0,
    stale: 0,
    duplicate: 0,
    missed: 0,
    gaps: 0,
    bodyBytes: 0,
    shown: 0,
    head: 0,
    latencies: [],
    lines: [],
    text: null,
  };
}

/** @param {Figures} figures @returns {Figures} */
export function copyFigures(figures) {
  return { ...figures, latencies: figures.latencies.slice(), lines: figures.lines.slice() };
}

/** Adds one event of a pane to its figures. @param {Figures} figures @param {Happening} event */
export function tally(figures, event) {
  switch (event.type) {
    case 'request':
      figures.requests += 1;
      figures.inFlight += 1;
      break;
    case 'answer':
      figures.inFlight -= 1;
      tallyAnswer(figures, event.answer);
      break;
    case 'frame':
      tallyAnswer(figures, event.answer);
      break;
    case 'error':
      figures.errors += 1;
      figures.inFlight -= 1;
      break;
    case 'cancel':
    case 'open':
      figures.inFlight -= 1;
      break;
    case 'close':
      if (!event.opened) figures.inFlight -= 1;
      if (!event.meant) figures.errors += 1;
      break;
    case 'taken':
      tallyTaken(figures, event);
      break;
  }
}

/** @param {Figures} figures @param {Answer} answer */
function tallyAnswer(figures, answer) {
  figures.answers += 1;
  if (answer.type === 'batch' && answer.messages.length === 0) figures.empty += 1;
}

/** @param {Figures} figures @param {Taken} taken */
function tallyTaken(figures, { fresh, duplicates, shown, head, staleAfter, messages, gap }) {
  figures.delivered += fresh.length;
  figures.duplicate += duplicates;
  figures.shown = shown;
  figures.head = head;
  for (const { latency, counts, bytes } of fresh) {
    figures.bodyBytes += bytes;
    if (counts) figures.latencies.push(latency);
  }
  if (figures.latencies.length > LATENCIES_MAX) figures.latencies.splice(0, LATENCIES_MAX / 10);
  for (const { message, latency } of fresh.slice(-LINES_MAX)) {
    figures.lines.unshift({ kind: 'message', message, latency });
  }
  const last = messages.at(-1);
  if (staleAfter !== null && last) {
    figures.stale += 1;
    figures.lines.unshift({ kind: 'stale', message: last, after: staleAfter });
  }
  if (gap) {
    figures.gaps += 1;
    figures.missed += gap.missed;
    figures.lines.unshift({ kind: 'gap', ...gap });
  }
  figures.lines.length = Math.min(figures.lines.length, LINES_MAX);
  figures.text = textOf(messages) ?? figures.text;
}

/** The shared text among some messages. @param {Message[]} messages */
export function textOf(messages) {
  return messages.findLast(({ kind, body }) => kind === 'text' && typeof body === 'string');
}
