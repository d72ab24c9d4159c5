import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byteCrossings, byteCurve } from '../../model/crossings.js';
import { decide, flipsOf } from '../../model/decide.js';
import { costPerClient } from '../../model/decide-costs.js';
import { INITIAL } from '../../model/decide-inputs.js';
import { withFileInterval } from '../../model/file-interval.js';
import { EXPECTED, parseSweep, sweepAt, sweepMismatch } from '../../model/sweep.js';
import { reasonText } from '../../view/decide/advice-text.js';
import { stateTexts } from '../../view/decide/sweep-loader.js';
import { sweepEntry, sweepReport } from './fixtures.js';

const sweep = parseSweep(JSON.stringify(sweepReport()), 'sweep.json');

test('a report has the measurements of each transport, by rate', () => {
  assert.deepEqual(sweep.points.ws.map(({ rate, bytes }) => [rate, bytes]), [[0.1, 30], [1, 300], [10, 3000]]);
  assert.equal(sweep.points.poll.length, 3);
  assert.deepEqual([sweep.name, sweep.warnings, sweep.interval], ['sweep.json', 0, 1000]);
});

test('the polling interval is a parameter of the report, or what its requests show', () => {
  const intervalOf = (/** @type {object} */ change) => parseSweep(JSON.stringify({ ...sweepReport(), ...change }), 'x').interval;
  assert.equal(intervalOf({ parameters: { poll_interval_ms: 990 } }), 990);
  assert.equal(intervalOf({ parameters: null }), 1000);
  assert.equal(intervalOf({ sweep: [sweepEntry('ws', 1)] }), null);
});

test('between two rates a cost is on a straight line of the chart', () => {
  const at = (/** @type {number} */ rate) => sweepAt(sweep, 'longpoll', rate, 1000);
  assert.equal(at(1)?.bytes, 600);
  assert.ok(Math.abs(Number(at(Math.sqrt(10))?.bytes) - 600 * Math.sqrt(10)) < 1e-6);
  assert.equal(at(3)?.memory, 9000);
  assert.equal(sweepAt(sweep, 'ws', 3, 1000)?.cpuUs, null); // not measured
});

test('what was not measured is not extrapolated', () => {
  assert.equal(sweepAt(sweep, 'ws', 0.09, 1000), null);
  assert.equal(sweepMismatch(sweep, 'ws', 0.09, 1000), 'rate');
  assert.equal(sweepMismatch(sweep, 'ws', 11, 1000), 'rate');
  assert.equal(sweepMismatch(sweep, 'poll', 1, 1000), null);
  assert.equal(sweepMismatch(sweep, 'poll', 1, 2000), 'interval');
  assert.equal(sweepMismatch(sweep, 'ws', 1, 2000), null);
  const part = parseSweep(JSON.stringify({ sweep: [sweepEntry('ws', 1)] }), 'part.json');
  assert.equal(sweepMismatch(part, 'poll', 1, 1000), 'missing');
  assert.equal(sweepMismatch(null, 'poll', 1, 1000), null);
});

test('the figures of a report replace the built-in ones, and are marked', () => {
  const inputs = { ...INITIAL, rate: 1, interval: 1000 };
  const { bytes, memory } = costPerClient('poll', inputs, sweep);
  assert.deepEqual(bytes, { value: 500 + 400, source: 'sweep.json' });
  assert.equal(memory.value, 9000);
  const ws = costPerClient('ws', inputs, sweep);
  assert.deepEqual([ws.bytes.source, ws.cpuUs.source, ws.memory.source], ['sweep.json', 'docs/performance.md', 'sweep.json']);
  assert.equal(costPerClient('ws', { ...inputs, rate: 20 }, sweep).bytes.source, 'docs/performance.md');
});

test('a browser’s header fields are added to each request, and to no WebSocket', () => {
  const report = { sweep: ['poll', 'longpoll', 'ws'].map((kind) => ({ ...sweepEntry(kind, 1, 100), requests_per_client_second: 2 })) };
  const { points } = parseSweep(JSON.stringify(report), 'x');
  assert.deepEqual([points.poll[0]?.bytes, points.longpoll[0]?.bytes, points.ws[0]?.bytes], [900, 900, 100]);
});

/** @param {number} cpuUs of each client and second @param {number} seconds */
function withCpu(cpuUs, seconds) {
  const sweep = ['poll', 'longpoll', 'ws'].map((kind) => ({ ...sweepEntry(kind, 1), cpu_us_per_client_second: cpuUs }));
  return parseSweep(JSON.stringify({ parameters: { duration_seconds: seconds }, sweep }), 'x.json');
}

test('CPU time of fewer than 20 ticks of 10 ms is not used', () => {
  const inputs = { ...INITIAL, rate: 1, interval: 1000, clients: 100 };
  const used = withCpu(20, 100);
  assert.deepEqual(costPerClient('ws', inputs, used).cpuUs, { value: 20, source: 'x.json' });
  assert.doesNotMatch(stateTexts(inputs, used, false).join(), /too short/);
  const short = withCpu(19.9, 100);
  assert.equal(costPerClient('ws', inputs, short).cpuUs.source, 'docs/performance.md');
  assert.ok(
    stateTexts(inputs, short, false).includes(
      'Polling, Long polling, WebSocket: CPU time too short to be measured; built-in figures for all. ' +
        'A longer --duration or more --clients measures it.',
    ),
  );
  assert.equal(sweepAt(parseSweep(JSON.stringify({ sweep: [sweepEntry('poll', 1)] }), 'x'), 'poll', 1, 1000)?.cpuUs, null); // unknown duration
});

test('four ticks against two do not decide', () => {
  const inputs = { ...INITIAL, rate: 1, interval: 1000, clients: 100_000, proxies: /** @type {const} */ ('none') };
  const report = { parameters: { duration_seconds: 10 }, sweep: [
    { ...sweepEntry('longpoll', 1, 100), cpu_us_per_client_second: 40.1 },
    { ...sweepEntry('ws', 1, 100), cpu_us_per_client_second: 20 },
  ] };
  assert.equal(decide(inputs, parseSweep(JSON.stringify(report), 'x')).rejected.longpoll, undefined);
});

test('CPU times are compared only if they are of one machine', () => {
  const inputs = { ...INITIAL, rate: 1, interval: 1000, clients: 1000 };
  const withWsCpu = (/** @type {number | null} */ wsCpu) => {
    const sweep = [['poll', 330], ['longpoll', 330], ['ws', wsCpu]].map(([kind, cpu]) => ({
      ...sweepEntry(String(kind), 1, 100),
      requests_per_client_second: 0,
      cpu_us_per_client_second: cpu,
    }));
    return parseSweep(JSON.stringify({ parameters: { duration_seconds: 60, poll_interval_ms: 1000 }, sweep }), 'x');
  };
  const text = (/** @type {number | null} */ wsCpu) => reasonText(inputs, decide(inputs, withWsCpu(wsCpu)));
  assert.equal(text(60), 'Polling needs 5.5 and long polling 5.5 times the CPU time of the cheapest.');
  assert.match(text(null), /^Polling needs 2.3 times the CPU time of the cheapest/);
  assert.equal(costPerClient('poll', inputs, withWsCpu(null)).cpuUs.source, 'docs/performance.md');
});

test('the loader says what of a report is used, and once where it is not', () => {
  const inputs = { ...INITIAL, rate: 20, interval: 1000 };
  assert.deepEqual(stateTexts(inputs, sweep, true), [
    'sweep.json: 9 measurements.',
    'Polling: measured from 0.1 to 10 messages a second, every 1.00\u00a0s; not used at the rate above.',
    'Long polling: measured from 0.1 to 10 messages a second; not used at the rate above.',
    'WebSocket: measured from 0.1 to 10 messages a second; not used at the rate above.',
    'Built-in figures are used where the file has none: at other rates, and for polling with another interval.',
    'The polling interval is set to the file’s 1.00\u00a0s.',
    'A browser’s header fields, 400 bytes per request, are added.',
  ]);
  assert.match(stateTexts({ ...inputs, rate: 1, interval: 2000 }, sweep, false).join(), /1\.00\ss; not used with the interval above/);
  const part = parseSweep(JSON.stringify({ sweep: [sweepEntry('ws', 1)] }), 'part.json');
  assert.deepEqual(stateTexts(inputs, part, false).slice(0, 4), [
    'part.json: 1 measurement.',
    'Polling: not in the file.',
    'Long polling: not in the file.',
    'WebSocket: measured at 1 message a second; not used at the rate above.',
  ]);
});

test('the interval of a report is set, and the former one is restored with its removal', () => {
  const loaded = withFileInterval(INITIAL, sweep, null);
  assert.deepEqual([loaded.inputs.interval, loaded.fileInterval], [1000, { former: null, used: 1000 }]);
  const other = withFileInterval(loaded.inputs, { ...sweep, interval: 500 }, loaded.fileInterval);
  assert.deepEqual([other.inputs.interval, other.fileInterval], [500, { former: null, used: 500 }]);
  assert.deepEqual(withFileInterval(other.inputs, null, other.fileInterval), { inputs: INITIAL, fileInterval: null });
  const changed = withFileInterval({ ...loaded.inputs, interval: 3000 }, null, loaded.fileInterval);
  assert.equal(changed.inputs.interval, 3000);
  assert.equal(withFileInterval({ ...INITIAL, interval: 700 }, { ...sweep, interval: null }, null).inputs.interval, 700);
});

test('a step from measured to built-in figures is no crossing, and no flip', () => {
  const inputs = { ...INITIAL, rate: 1, interval: 1000 };
  const curve = byteCurve('ws', inputs, sweep);
  assert.deepEqual(curve.filter(({ rate }) => rate === 1 || rate === 20).map(({ source }) => source), ['sweep.json', 'docs/performance.md']);
  const cheap = sweepReport();
  for (const entry of cheap.sweep) if (entry.transport === 'ws') entry.download_bytes_per_client_second = 1;
  const withStep = parseSweep(JSON.stringify(cheap), 'cheap.json');
  const stepped = byteCrossings(inputs, withStep).filter(({ kinds }) => kinds.join() === 'poll,ws');
  assert.deepEqual(stepped, []); // polling is cheaper beyond 10 messages a second, and not up to there
  const kindAt = (/** @type {number} */ rate) => decide({ ...inputs, rate }, withStep).kind;
  assert.deepEqual([kindAt(9), kindAt(10), kindAt(10.1)], ['ws', 'ws', 'poll']);
  const flips = flipsOf({ ...inputs, rate: 9 }, withStep);
  assert.deepEqual(flips.filter(({ name, side }) => name === 'rate' && side === 'above'), []);
});

for (const [what, text, error] of /** @type {const} */ ([
  ['no JSON', 'clients,rate', 'It is not JSON'],
  ['another report', '{"transports":[]}', 'It has no list “sweep”'],
  ['null', 'null', 'It has no list “sweep”'],
  ['no measurements', '{"sweep":[]}', 'Its list “sweep” is empty'],
  ['no object', '{"sweep":[null]}', 'sweep[0] is not an object'],
  ['another transport', JSON.stringify({ sweep: [{ ...sweepEntry('ws', 1), transport: 'sse' }] }), 'sweep[0].transport is not'],
  ['a text for a number', JSON.stringify({ sweep: [sweepEntry('ws', 1), { ...sweepEntry('ws', 2), rate: '2' }] }), 'sweep[1].rate is not a number'],
  ['a negative number', JSON.stringify({ sweep: [{ ...sweepEntry('ws', 1), memory_per_client: -1 }] }), 'sweep[0].memory_per_client is not a number'],
])) {
  test(`a file with ${what} is rejected with what is expected`, () => {
    assert.throws(() => parseSweep(text, 'x.json'), (thrown) => {
      assert.ok(thrown instanceof Error);
      assert.ok(thrown.message.includes(error), thrown.message);
      assert.ok(thrown.message.includes(EXPECTED) && thrown.message.includes('trifold load --sweep'));
      return true;
    });
  });
}
