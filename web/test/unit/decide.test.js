import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byteCrossings, requestCrossing } from '../../model/crossings.js';
import { FACTOR, SMALL_BYTES_PER_DAY, SMALL_CORES, decide, flipsOf, proxyFlipsOf } from '../../model/decide.js';
import { costPerClient, figuresOf, pollingPeriod } from '../../model/decide-costs.js';
import { INITIAL, RANGES, nextStop, parseInputs, parseNumber, toQuery } from '../../model/decide-inputs.js';
import { BYTES, CPU_US, MEMORY } from '../../model/measured.js';
import { parseSweep } from '../../model/sweep.js';
import { HOLD_MS, predict } from '../../model/theory.js';
import { flipText, reasonText } from '../../view/decide/advice-text.js';
import { sweepReport } from './fixtures.js';

/**
 * @typedef {import('../../model/decide-costs.js').Figures} Figures
 * @typedef {import('../../model/decide-inputs.js').Inputs} Inputs
 * @typedef {import('../../model/types.js').TransportKind} TransportKind
 */

/** @param {number} actual @param {number} expected */
function assertNear(actual, expected) {
  assert.ok(Math.abs(actual - expected) <= Math.abs(expected) * 1e-6 + 1e-12, `${actual} is not ${expected}`);
}

test('the inputs survive the address', () => {
  const inputs = { ...INITIAL, clients: 12, rate: 0.004, interval: 1234.5, phones: 0, proxies: /** @type {const} */ ('pass') };
  for (const expected of [INITIAL, inputs]) {
    assert.deepEqual(parseInputs(toQuery(expected)), { inputs: expected, problems: [] });
  }
  assert.match(toQuery(INITIAL), /^\?decide=1&/);
});

test('invalid inputs in the address are replaced, and named', () => {
  const { inputs, problems } = parseInputs('?decide=1&clients=0&rate=1e9&delay=fast&phones=&proxies=evil&interval=auto');
  assert.deepEqual(inputs, { ...INITIAL, clients: 1, rate: RANGES.rate.max });
  assert.deepEqual(problems, [
    'Clients: below the minimum, so 1 is used.',
    'Messages a second: above the maximum, so 100 /s is used.',
    'Network delay, one way: not a number, so 40 ms is used.',
    'Share of phones: not a number, so 30 % is used.',
    'Proxies: not none, pass, interfere, so none is used.',
  ]);
  assert.equal(parseNumber('clients', '2.6').value, 3);
  assert.equal(parseNumber('clients', '9999999').problem, 'Clients: above the maximum, so 1\u202f000\u202f000 is used.');
});

test('each slider has its range in ascending stops, with the initial value', () => {
  for (const { name, stops, initial } of Object.values(RANGES)) {
    assert.deepEqual(stops, [...new Set(stops)].sort((a, b) => a - b), name);
    assert.ok(stops.includes(initial), name);
  }
});

test('a value has a next stop on both sides, up to the ends', () => {
  assert.deepEqual([nextStop('rate', 0.001, 'above'), nextStop('rate', 0.0011, 'above'), nextStop('rate', 0.0011, 'below')], [0.0012, 0.0012, 0.001]);
  assert.deepEqual([nextStop('rate', 0.001, 'below'), nextStop('clients', 1_000_000, 'above')], [0.001, 1_000_000]);
});

test('the figures are those of the model, times the measured ones', () => {
  const inputs = { ...INITIAL, clients: 1000, rate: 2, delay: 100, interval: 5000, phones: 0 };
  const [poll, longpoll, ws] = decide(inputs).figures;
  const model = { rate: 0.002, intervalMs: 5000, delay: 100, hold: HOLD_MS };
  const { requestsPerSecond, mean, p95 } = predict('longpoll', model);
  assert.equal(poll?.requests.value, 200);
  assert.equal(poll?.mean.value, 2600);
  assert.equal(poll?.p95.value, 0.95 * 5000 + 100);
  assertNear(poll?.bytesPerDay.value ?? 0, 86_400 * 1000 * ((73 + 400 + 274) / 5 + 2 * BYTES.message));
  assertNear(poll?.cores.value ?? 0, (200 * CPU_US.poll) / 1e6);
  assert.equal(poll?.memory.value, 1000 * MEMORY.idleKeepAlive);
  assert.deepEqual([longpoll?.mean.value, longpoll?.p95.value], [mean, p95]);
  assertNear(longpoll?.requests.value ?? 0, 1000 * requestsPerSecond);
  assert.deepEqual([ws?.mean.value, ws?.p95.value, ws?.requests.value], [100, 100, 0]);
  assertNear(ws?.bytesPerDay.value ?? 0, 86_400 * 1000 * (2 * BYTES.frame + BYTES.pingPong / 20));
  assertNear(ws?.cores.value ?? 0, (1000 * (2 * CPU_US.wsDelivery + CPU_US.ping / 20)) / 1e6);
  assert.deepEqual([poll?.requests.source, poll?.p95.source, poll?.connections.source], [null, null, null]);
  assert.deepEqual([ws?.bytesPerDay.source, ws?.memory.source, ws?.cores.source], Array(3).fill('docs/performance.md'));
});

test('a derived polling interval meets the acceptable delay exactly', () => {
  assertNear(pollingPeriod(INITIAL), (2000 - 40) / 0.95);
  assertNear(figuresOf('poll', INITIAL, null).p95.value, INITIAL.acceptable);
  assert.equal(decide(INITIAL).rejected.poll, 'bytes'); // not its delay
  assert.equal(pollingPeriod({ ...INITIAL, acceptable: 60, delay: 50 }), 100); // one request at a time
  assert.equal(pollingPeriod({ ...INITIAL, interval: 700 }), 700);
});

test('a poller whose interval exceeds the idle time-out is connected only for a while', () => {
  const { connections } = figuresOf('poll', { ...INITIAL, clients: 1000, delay: 0, interval: 150_000 }, null);
  assert.equal(connections.value, 500);
});

test('phones cost pings, and poll once a minute in the background', () => {
  const at = (/** @type {number} */ phones) => ({ ...INITIAL, interval: 1000, phones });
  const bytes = (/** @type {number} */ phones) => costPerClient('ws', at(phones), null).bytes.value;
  assertNear(bytes(100) - bytes(0), 78 / 15);
  const hidden = (/** @type {number} */ phones) => figuresOf('poll', at(phones), null).hiddenP95.value;
  assertNear(hidden(0), 0.95 * 1000 + 40);
  assertNear(hidden(100), 0.95 * 60_000 + 40);
  assertNear(hidden(50), 0.9 * 60_000 + 40); // a twentieth of all is a tenth of the phones' messages
  assertNear(hidden(4), 40 + 0.95 / (0.96 / 1000 + 0.04 / 60_000));
});

test('what misses the acceptable delay is out', () => {
  assert.deepEqual(decide({ ...INITIAL, acceptable: 30 }).rejected, { poll: 'delay', longpoll: 'delay', ws: 'delay' });
  assert.equal(decide({ ...INITIAL, acceptable: 30 }).kind, null);
  const far = { ...INITIAL, rate: 10, delay: 200, acceptable: 300 };
  assert.deepEqual(decide(far).rejected, { poll: 'delay', longpoll: 'delay' });
  assert.equal(decide({ ...far, proxies: 'interfere' }).kind, 'ws'); // nothing else is left
});

test('proxies that interfere exclude a WebSocket', () => {
  const inputs = { ...INITIAL, acceptable: 500 };
  assert.equal(decide(inputs).kind, 'ws');
  assert.equal(decide({ ...inputs, proxies: 'pass' }).kind, 'ws');
  assert.equal(decide({ ...inputs, proxies: 'interfere' }).kind, 'longpoll');
  assert.equal(decide({ ...inputs, proxies: 'interfere' }).rejected.ws, 'proxies');
  assert.deepEqual(proxyFlipsOf(inputs), [{ proxies: 'interfere', kind: 'longpoll' }]);
});

test('the simplest that is cheap enough is recommended', () => {
  for (const acceptable of [100, 1000, 3000, 4000, 60_000]) {
    for (const rate of [0.001, 0.1, 1, 50]) {
      for (const clients of [1, 1000, 1_000_000]) {
        const { kind, figures } = decide({ ...INITIAL, acceptable, rate, clients });
        const inTime = figures.filter(({ p95 }) => p95.value <= acceptable + 1e-6);
        const bytes = FACTOR * Math.min(...inTime.map(({ bytesPerDay }) => bytesPerDay.value));
        const cpu = FACTOR * Math.min(...inTime.map(({ cores }) => cores.value));
        const cheap = inTime.find(
          ({ bytesPerDay, cores }) =>
            bytesPerDay.value <= Math.max(bytes, clients * SMALL_BYTES_PER_DAY) && cores.value <= Math.max(cpu, SMALL_CORES),
        );
        const fewest = inTime.toSorted((a, b) => a.bytesPerDay.value - b.bytesPerDay.value)[0];
        assert.equal(kind, (cheap ?? fewest)?.kind);
      }
    }
  }
});

test('bytes are small up to a megabyte a day for each client', () => {
  const rare = { ...INITIAL, rate: 0.001, acceptable: 90_000 };
  const [poll, , ws] = decide(rare).figures;
  assert.ok(Number(poll?.bytesPerDay.value) > FACTOR * Number(ws?.bytesPerDay.value));
  assert.ok(Number(poll?.bytesPerDay.value) < SMALL_BYTES_PER_DAY * rare.clients);
  assert.equal(decide(rare).kind, 'poll');
  assert.equal(decide({ ...rare, acceptable: 40_000 }).kind, 'ws');
});

test('CPU time is small up to a hundredth of a core', () => {
  const report = { ...sweepReport(), parameters: { duration_seconds: 600, poll_interval_ms: 1000 } };
  for (const entry of report.sweep) {
    entry.requests_per_client_second = 0; // no header fields are added
    entry.cpu_us_per_client_second ??= 10;
  }
  const sweep = parseSweep(JSON.stringify(report), 'sweep.json'); // a poller costs 50 µs a second, a WebSocket 10
  const at = (/** @type {number} */ clients) => decide({ ...INITIAL, rate: 1, interval: 1000, clients }, sweep);
  assert.equal(at(199).kind, 'poll');
  assert.deepEqual([at(201).kind, at(201).rejected], ['ws', { poll: 'cpu', longpoll: 'cpu' }]);
});

test('the recommendation changes where its flips say, and nowhere nearer', () => {
  for (const change of [{}, { acceptable: 30_000 }, { rate: 20 }, { interval: 1000, clients: 100_000 }, { acceptable: 30 }]) {
    const inputs = { ...INITIAL, ...change };
    const { kind: current } = decide(inputs);
    const flips = flipsOf(inputs);
    assert.ok(flips.length > 0);
    for (const { name, side, value, kind } of flips) {
      const outward = side === 'above' ? 1 : -1;
      const at = (/** @type {number} */ amount) => decide({ ...inputs, [name]: amount }).kind;
      assert.notEqual(kind, current);
      assert.equal(at(value * (1 + outward * 0.002)), kind, `${name} beyond ${value}`);
      assert.equal(at(value * (1 - outward * 1e-6)), current, `${name} before ${value}`);
      const between = RANGES[name].stops.filter((stop) => (stop - value) * outward < 0 && (stop - Number(inputs[name])) * outward > 0);
      for (const stop of between) assert.equal(at(stop), current, `${name} at ${stop}`);
    }
  }
});

test('the flips are where the formula says', () => {
  const { acceptable, delay, rate } = INITIAL;
  const flip = flipsOf(INITIAL).find(({ name, side }) => name === 'acceptable' && side === 'above');
  // 2 × the bytes of a WebSocket = 747/T + 205 λ
  const ws = costPerClient('ws', INITIAL, null).bytes.value;
  const interval = (1000 * 747) / (FACTOR * ws - rate * BYTES.message);
  assertNear(flip?.value ?? 0, 0.95 * interval + delay);
  assert.ok(Number(flip?.value) > acceptable);
  const below = flipsOf(INITIAL).find(({ name, side }) => name === 'acceptable' && side === 'below');
  assert.deepEqual([Number(below?.value.toFixed(6)), below?.kind], [delay, null]);
});

test('the curves cross where they are equal, and requests near λ = 1/T', () => {
  const inputs = { ...INITIAL, interval: 2000 };
  const crossings = byteCrossings(inputs, null);
  assert.deepEqual(crossings.map(({ kinds }) => kinds.join()), ['poll,longpoll', 'poll,ws']);
  for (const { kinds, rate, bytes } of crossings) {
    for (const kind of kinds) assertNear(costPerClient(kind, { ...inputs, rate }, null).bytes.value, bytes);
  }
  assert.ok(Math.abs(Number(requestCrossing(inputs)) - 0.5) < 0.01);
  assert.equal(requestCrossing({ ...inputs, interval: 60_000 }), null); // long polls end after 25 s
});

test('the recommendation is explained in words', () => {
  const reason = (/** @type {Partial<typeof INITIAL>} */ change) => {
    const inputs = { ...INITIAL, ...change };
    return reasonText(inputs, decide(inputs));
  };
  assert.equal(reason({}), 'Polling needs 3.1 and long polling 3.1 times the bytes of the cheapest.');
  assert.match(reason({ acceptable: 30_000 }), /^It is the simplest of those that are fast enough, and costs at most 2 times/);
  assert.match(reason({ acceptable: 100 }), /^Polling is too late \(95 % within 116\sms\), and long polling needs 3.1 times the bytes of the cheapest\.$/);
  assert.match(reason({ acceptable: 30 }), /^95 % of the messages need up to 40\sms even with the fastest technique, and 30\sms are acceptable\.$/);
  assert.match(reason({ acceptable: 500, proxies: 'interfere' }), /^Proxies may refuse a WebSocket, or cut it, and polling needs 3.5 times the bytes of the cheapest\.$/);
});

test('factors are those of the cheapest, which need not be the recommended one', () => {
  const at = (/** @type {TransportKind} */ kind, /** @type {number} */ bytes) => {
    const figures = figuresOf(kind, INITIAL, null);
    return { ...figures, bytesPerDay: { value: bytes, source: null } };
  };
  const figures = [at('poll', 3e9), at('longpoll', 1.8e9), at('ws', 1e9)];
  const text = (/** @type {Figures[]} */ all) =>
    reasonText(INITIAL, { kind: 'longpoll', figures: all, rejected: { poll: 'bytes', ws: 'complexity' } });
  assert.match(text(figures), /^Polling needs 3 times the bytes of the cheapest; of the rest it is the simplest/);
  assert.match(text([at('poll', 2.04e9), ...figures.slice(1)]), /^Polling needs more than 2 times the bytes of the cheapest/);
});

test('what would change the recommendation is said in words', () => {
  const texts = (/** @type {Partial<Inputs>} */ change) => {
    const inputs = { ...INITIAL, ...change };
    return flipsOf(inputs).map((flip) => flipText(flip, inputs));
  };
  const factor = '(within 2 times the cheapest).';
  assert.deepEqual(texts({}), [
    `Polling would be recommended if there were more than 0.94 messages a second ${factor}`,
    'No technique would meet the acceptable delay if the acceptable delay were below 40\u00a0ms.',
    `Polling would be recommended if the acceptable delay were above 3.70\u00a0s ${factor}`,
  ]);
  assert.ok(texts({ rate: 20 }).includes(
    'A WebSocket would be recommended if there were fewer than 0.94 messages a second ' +
      '(polling then needs more than 2 times the bytes of the cheapest).',
  ));
  assert.ok(texts({ rate: 0.001, acceptable: 60_000 }).includes(
    'Polling would be recommended if the acceptable delay were above 62.0\u00a0s (its costs are then small).',
  ));
  const near = { name: /** @type {const} */ ('rate'), side: /** @type {const} */ ('above'), value: 1.0449, kind: null, limit: null };
  assert.match(flipText(near, { ...INITIAL, rate: 1.04 }), /more than 1.04 messages a second\.$/); // not 1
  assert.match(flipText(near, { ...INITIAL, rate: 0.9 }), /more than 1 message a second\.$/);
});
