/**
 * The mistakes of the lecture, for real, in a worker: what would freeze a page freezes only
 * this. Whoever starts it ends it after a second.
 *
 * Messages: { mistake, queued, fired } | { mistake, depth, error } | { mistake, turns, depth }
 */

/** How many calls are on the stack, this one and its caller included. */
function stackDepth() {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 1000;
  const lines = new Error().stack?.split('\n').filter((line) => /^\s*at |@/.test(line)) ?? [];
  Error.stackTraceLimit = stackTraceLimit;
  return lines.length;
}

/** `while (true) setTimeout(poll, 0)`: the loop never lets go, so no timer ever fires. */
function flood() {
  let queued = 0;
  let fired = 0;
  const poll = () => (fired += 1);
  while (true) {
    setTimeout(poll, 0);
    queued += 1;
    if (queued % 1000 === 0) postMessage({ mistake: 'flood', queued, fired });
  }
}

/** A poll that calls itself: each call stays on the stack until the last one returns. */
function recursion() {
  let depth = 0;
  const poll = () => {
    depth += 1;
    poll();
  };
  try {
    poll();
  } catch (error) {
    postMessage({ mistake: 'recursion', depth, error: String(error) });
  }
}

/** A chained setTimeout: each turn is called by the event loop, from an empty stack. */
function chain() {
  let turns = 0;
  let depth = 0;
  const poll = () => {
    turns += 1;
    depth = Math.max(depth, stackDepth());
    postMessage({ mistake: 'chain', turns, depth });
    setTimeout(poll, 0);
  };
  setTimeout(poll, 0);
}

const mistakes = { flood, recursion, chain };

addEventListener('message', ({ data }) => mistakes[/** @type {keyof typeof mistakes} */ (data)]());
