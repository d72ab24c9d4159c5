import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byteCrossings, byteCurve } from '../../model/crossings.js';
import { decide, flipsOf } from '../../model/decide.js';
import { costPerClient } from '../../model/decide-costs.js';
import { INITIAL } from '../../model/decide-inputs.js';
import { EXPECTED, parseSweep, sweepAt, sweepMismatch } from '../../model/sweep.js';
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
  const { bytes, cpuUs, memory } = costPerClient('poll', inputs, sweep);
  assert.deepEqual([bytes, cpuUs], [{ value: 500, source: 'sweep.json' }, { value: 50, source: 'sweep.json' }]);
  assert.equal(memory.value, 9000);
  const ws = costPerClient('ws', inputs, sweep);
  assert.deepEqual([ws.bytes.source, ws.cpuUs.source, ws.memory.source], ['sweep.json', 'docs/performance.md', 'sweep.json']);
  assert.equal(costPerClient('ws', { ...inputs, rate: 20 }, sweep).bytes.source, 'docs/performance.md');
});

test('a step from measured to built-in figures is no crossing, and a flip there is marked', () => {
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
