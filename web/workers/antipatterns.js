/**
 * The antipatterns of the lecture, in a worker, because they would freeze a page. The page
 * terminates the worker after a second.
 *
 * Messages: { queued, fired } | { depth, error } | { turns, depth }
 */

/** Calls on the stack, including this one and its caller. */
function stackDepth() {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 1000;
  const lines = new Error().stack?.split('\n').filter((line) => /^\s*at |@/.test(line)) ?? [];
  Error.stackTraceLimit = stackTraceLimit;
  return lines.length;
}

/** `while (true) setTimeout(poll, 1000)`: the loop never returns, so no timer ever fires. */
function busyLoop() {
  let queued = 0;
  let fired = 0;
  const poll = () => (fired += 1);
  while (true) {
    setTimeout(poll, 1000);
    queued += 1;
    if (queued % 1000 === 0) postMessage({ queued, fired });
  }
}

/** A poll that calls itself: each call stays on the stack until the last one returns. */
function recursiveCalls() {
  let depth = 0;
  const poll = () => {
    depth += 1;
    poll();
  };
  try {
    poll();
  } catch (error) {
    postMessage({ depth, error: String(error) });
  }
}

/** A chained setTimeout: each turn is called by the event loop, from an empty stack. */
function chainedTimers() {
  let turns = 0;
  let depth = 0;
  const poll = () => {
    turns += 1;
    depth = Math.max(depth, stackDepth());
    postMessage({ turns, depth });
    setTimeout(poll, 0);
  };
  setTimeout(poll, 0);
}

const antipatterns = { busyLoop, recursiveCalls, chainedTimers };

addEventListener('message', ({ data }) =>
  antipatterns[/** @type {keyof typeof antipatterns} */ (data)](),
);
