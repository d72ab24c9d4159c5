/**
 * The lab: three subscribers of one log, a publisher, a network that can be made worse, and a
 * clock to measure with. It knows nothing of the page that shows it.
 *
 * @typedef {import('../transports/index.js').TechniqueId} TechniqueId
 * @typedef {import('../net/client.js').Conditions} Conditions
 * @typedef {import('../model/events.js').Delivery} Delivery
 * @typedef {import('../model/presets.js').Network} Network
 * @typedef {import('../model/presets.js').Preset} Preset
 * @typedef {import('./publisher.js').Rhythm} Rhythm
 * @typedef {import('./subscriber.js').Subscriber} Subscriber
 * @typedef {import('../model/types.js').Cursor} Cursor
 * @typedef {import('../model/types.js').Message} Message
 * @typedef {'poll' | 'longpoll' | 'ws'} PaneId
 */
import { createControl } from '../net/control.js';
import { techniques } from '../transports/index.js';
import { backOff } from '../net/retry.js';
import { createOutbox } from '../net/outbox.js';
import { sleep } from '../net/sleep.js';
import { createWire } from '../net/client.js';
import { createClock } from '../model/clock.js';
import { createMeters } from '../model/meters.js';
import { bodyOf, createMetronome, createPublisher, schedule } from './publisher.js';
import { perform } from './scenario.js';
import { createStopwatch } from '../model/latency.js';
import { createSubscriber } from './subscriber.js';
import { createTimeline } from '../model/timeline.js';

/** Messages from before the start that are shown, but neither counted nor measured. */
const HISTORY = 30;

/** How long a hidden tab has its long poll held: its connection is one of the browser's six, and
 *  a tab that somebody looks at may be waiting for it. */
const HIDDEN_WAIT_MS = 2000;

/** How often the page looks whether its clock has jumped. */
const LOOK_EVERY_MS = 1000;

/** How long a start waits for the control channel. Then it goes on without. */
const CHANNEL_WITHIN_MS = 2000;

/** The server lifts an outage by itself after so long, so the page says so then. */
const LINK_DOWN_MAX_MS = 20_000;

/** @type {{ id: PaneId, technique: TechniqueId }[]} */
const PANES = [
  { id: 'poll', technique: 'interval' },
  { id: 'longpoll', technique: 'longpoll' },
  { id: 'ws', technique: 'ws' },
];

/**
 * @param {object} hooks
 * @param {(messages: Message[]) => void} hooks.onHistory
 * @param {() => void} hooks.onChange
 * @param {(problem: string) => void} hooks.onProblem a message was refused
 * @param {(taken: import('../model/events.js').Taken) => void} hooks.onTaken
 * @param {(signal: AbortSignal) => Promise<void>} hooks.tryMistakes
 */
export function createLab({ onHistory, onChange, onProblem, onTaken, tryMistakes }) {
  const client = `p${[...crypto.getRandomValues(new Uint32Array(2))].map((own) => own.toString(36)).join('')}`;
  const timeline = createTimeline();
  let life = new AbortController();
  let run = new AbortController();
  run.abort();
  let running = false;
  /** Whether the server has a lab; null until it has said so. @type {boolean | null} */
  let hasLab = null;
  let longestWait = HIDDEN_WAIT_MS;
  let seed = 42;
  let said = 0;
  let published = 0;
  let waiting = 0;
  let here = 0;
  let newest = 0;
  /** When the run began, by performance.now(); 0 before the first. */
  let startedAt = 0;
  /** When it was over; null while it goes on, and before the first. @type {number | null} */
  let stoppedAt = null;
  /** Whether the tab is in the background. */
  let hidden = false;
  /** @type {Preset | null} */
  let preset = null;
  /** @type {Network} */
  let network = {};
  /** @type {Rhythm} */
  let rhythm = 'off';
  let linkDown = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let mending;

  const control = createControl(client, {
    onRoom: (count) => {
      here = count;
      onChange();
    },
    onMeters: (panes, resets) => meters.take(panes, resets),
    onClosed: () => {
      if (linkDown) linkIs(false); // the server lifts it, too
      onChange();
    },
  });

  const meters = createMeters(() => {
    const late = sleep(CHANNEL_WITHIN_MS, life.signal).then(() => ({ generation: null }));
    return Promise.race([control.ask({ type: 'reset' }), late]);
  }, onChange);

  const clock = createClock(async () => {
    if (control.open) return control.ask({ type: 'ping', t: 0 });
    const answer = await fetch('/time', { cache: 'no-store' });
    return answer.json();
  });
  const stopwatch = createStopwatch(clock);
  setInterval(stopwatch.look, LOOK_EVERY_MS);

  const outbox = createOutbox(control, (count) => {
    waiting = count;
    onChange();
  });

  const publisher = createPublisher(createMetronome(), (number) => {
    publish({ sender: 'publisher', kind: 'chat', body: bodyOf(number) }).catch((error) =>
      onProblem(error.message),
    );
  });

  /** @param {import('../model/events.js').Happening | import('../model/events.js').Occasion} event
   *  @param {PaneId | null} pane */
  function record(event, pane = null) {
    timeline.add(Object.assign(event, { at: performance.now(), pane }));
    if (event.type === 'taken') onTaken(event);
    onChange();
  }

  const panes = PANES.map(({ id, technique }) => {
    let asked = 0;
    return {
      id,
      subscriber: createSubscriber({
        technique,
        every: 1000,
        deliver,
        report: (happening) => record(happening, id),
        conditions: () => conditionsOf(id, asked++),
      }),
      rewind: () => (asked = 0),
    };
  });

  /** What the next request of a pane asks of the network. @param {PaneId} pane @param {number} nth */
  function conditionsOf(pane, nth) {
    /** @type {Conditions} */
    const conditions = {};
    const technique = panes.find((own) => own.id === pane)?.subscriber.technique;
    if (technique === 'longpoll' && document.hidden) {
      conditions.wait_ms = Math.min(HIDDEN_WAIT_MS, longestWait);
    }
    if (!hasLab) return conditions;
    const { delay = 0, answers, jitter = 0 } = network;
    const isSocket = technique === 'ws';
    const polls = technique !== undefined && techniques[technique].family === 'poll';
    const down = answers && polls ? answers[nth % answers.length] : delay;
    if (delay) conditions.up_ms = delay;
    if (down) conditions.down_ms = down;
    if (jitter && isSocket) Object.assign(conditions, { jitter_ms: jitter, seed });
    return { ...conditions, client, pane };
  }

  /** @param {Message} message @param {number} arrived @returns {Delivery} */
  function deliver(message, arrived) {
    if (message.version > newest) {
      newest = message.version;
      if (!stopwatch.knows(message.id)) record({ type: 'heard', message });
    }
    const bytes = new TextEncoder().encode(JSON.stringify(message.body)).length;
    return { message, bytes, ...stopwatch.measure(message, arrived) };
  }

  /** @param {{ sender: string, kind: string, body: unknown }} message */
  async function publish(message) {
    const id = `${client}-${++said}`;
    stopwatch.start(id);
    const { version } = await outbox.publish({ id, ...message });
    published += 1;
    record({ type: 'published', id, version });
  }

  /** Where the log stands; asked until it answers. @param {AbortSignal} signal */
  async function findHead(signal) {
    for (let failures = 0; ; failures++) {
      try {
        const health = await fetch('/health', { cache: 'no-store', signal });
        if (health.ok) return await health.json();
      } catch {
        signal.throwIfAborted();
      }
      await sleep(backOff(failures), signal);
    }
  }

  /** Comes into the room, once. */
  async function enter() {
    life = new AbortController();
    const { signal } = life;
    const { lab, max_wait_ms } = await findHead(signal);
    hasLab = lab;
    longestWait = max_wait_ms;
    if (hasLab) await Promise.race([control.join(signal), sleep(CHANNEL_WITHIN_MS, signal)]);
    await clock.follow(signal);
    onChange();
  }

  /** @type {Promise<void> | null} */
  let entered = null;

  /** @param {AbortSignal} signal @returns {Promise<Cursor>} */
  async function begin(signal) {
    const { epoch, head, oldest } = await findHead(signal);
    const since = Math.max(oldest - 1, head - HISTORY);
    const wire = createWire(() => {});
    const past = await wire.ask('/poll', { since, epoch }, signal).catch(() => null);
    signal.throwIfAborted();
    if (past?.type === 'batch') onHistory(past.messages.filter((own) => own.version <= head));
    newest = head;
    return { since: head, epoch };
  }

  /** @param {Rhythm} next @param {number} perSecond */
  function setRhythm(next, perSecond) {
    rhythm = next;
    if (next === 'off') publisher.stop();
    else publisher.start(schedule(next, perSecond, seed));
    onChange();
  }

  /** @param {boolean} down */
  function linkIs(down) {
    linkDown = down;
    clearTimeout(mending);
    if (down) mending = setTimeout(() => setLink(false), LINK_DOWN_MAX_MS);
    record({ type: 'link', down });
  }

  /** Needs the control channel. @param {boolean} down */
  async function setLink(down) {
    if (!control.open || down === linkDown) return;
    linkIs(down);
    await control.ask({ type: 'link', down }).catch(() => {});
  }

  /** Whether every pane shows the newest message. */
  function settled() {
    return panes.every(({ id }) => timeline.figures(id).shown >= newest);
  }

  async function start() {
    if (running) return;
    running = true;
    stoppedAt = null;
    run = new AbortController();
    const { signal } = run;
    onChange();
    try {
      await (entered ??= enter());
      signal.throwIfAborted();
      if (preset) forget();
      else if (startedAt === 0) meters.begin();
      await meters.decided; // what the server hears before it begins anew, it counts and forgets
      signal.throwIfAborted();
      const fresh = panes.some(({ subscriber }) => !subscriber.started);
      const cursor = fresh ? await begin(signal) : { since: 0, epoch: null };
      signal.throwIfAborted();
      startedAt = performance.now();
      record({ type: 'start' });
      record({ type: hidden ? 'hidden' : 'visible' });
      if (preset?.mistakes) {
        await tryMistakes(signal);
        return stop();
      }
      for (const { subscriber } of panes) subscriber.start(cursor);
      if (!preset) return;
      await perform(preset, { publisher, publish, setLink, settled, seed, hasLab: hasLab === true }, signal);
      stop();
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  function stop() {
    if (!running) return;
    running = false;
    stoppedAt = performance.now();
    run.abort();
    publisher.stop();
    rhythm = 'off';
    setLink(false);
    for (const { subscriber } of panes) subscriber.stop();
    record({ type: 'stop' });
  }

  /** All that was measured. */
  function forget() {
    timeline.clear();
    published = 0;
    meters.begin();
    startedAt = 0;
    stoppedAt = null;
    for (const { subscriber, rewind } of panes) {
      subscriber.reset();
      rewind();
    }
  }

  function reset() {
    stop();
    forget();
    onChange();
  }

  return {
    client,
    panes,
    timeline,
    publish,
    /** Comes into the room, once. */
    enter: () => (entered ??= enter()),
    start,
    stop,
    reset,
    setRhythm,
    setLink,
    /** Chooses what the next start does. @param {Preset | null} next */
    choose(next) {
      reset();
      preset = next;
      network = next?.network ?? {};
      for (const [index, { subscriber }] of panes.entries()) {
        const technique = (next?.techniques ?? PANES.map((own) => own.technique))[index];
        subscriber.change({ technique, every: next?.every ?? 1000 });
      }
      timeline.clear();
      onChange();
    },
    /** @param {number} next */
    setSeed(next) {
      seed = next;
    },
    /** Makes the network worse than the preset does. @param {Network} worse */
    setNetwork(worse) {
      network = { ...network, ...worse };
    },
    /** The page is left, and may come back. */
    leave() {
      stop();
      life.abort();
      entered = null;
    },
    /** Noted while something runs: what is looked at afterwards keeps its end in sight.
     * @param {boolean} isHidden */
    setHidden(isHidden) {
      hidden = isHidden;
      if (!hidden) stopwatch.resume();
      // What is held, is held for a tab that is looked at: asked again, it is given back soon.
      else for (const { subscriber } of panes) if (subscriber.state === 'held') subscriber.change({});
      if (running) record({ type: hidden ? 'hidden' : 'visible' });
    },
    get clock() {
      return clock.estimate;
    },
    get running() {
      return running;
    },
    get startedAt() {
      return startedAt;
    },
    get stoppedAt() {
      return stoppedAt;
    },
    get preset() {
      return preset;
    },
    get network() {
      return network;
    },
    get seed() {
      return seed;
    },
    get hasLab() {
      return hasLab;
    },
    /** Whether an outage can be injected. */
    get hasChannel() {
      return control.open;
    },
    get linkDown() {
      return linkDown;
    },
    get rhythm() {
      return rhythm;
    },
    get waiting() {
      return waiting;
    },
    get here() {
      return here;
    },
    get published() {
      return published;
    },
    /** Bytes of a pane, as the server counted them; null while nobody knows. @param {PaneId} id */
    bytesOf(id) {
      const isBehind = running && !control.open;
      return isBehind ? { up: null, down: null } : meters.bytesOf(id);
    },
  };
}

/** @typedef {ReturnType<typeof createLab>} Lab */
