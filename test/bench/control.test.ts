import { beforeEach, describe, expect, it } from 'vitest';
import { VirtualClock } from '../../backtest/world/clock.ts';
import { agentCosts, beatOf } from '../../bench/control/agents.ts';
import { CountingTable, sizeOf } from '../../bench/control/counting-table.ts';
import { moveCosts } from '../../bench/control/moves.ts';
import { PRICES } from '../../bench/control/prices.ts';
import { Stage } from '../../bench/control/stage.ts';
import { tickCosts } from '../../bench/control/standing.ts';
import { countOf, type Synthesised } from '../../bench/control/synth.ts';
import { invoked, Usage } from '../../bench/control/usage.ts';

const SMALL = { shards: 4, instances: 12, latency: 0.02, buckets: true };
const memory = () => 512;

describe('the price list', () => {
  it.each(Object.entries(PRICES))('%s: a price with unit, source and date', (_, price) => {
    expect(price.usd).toBeGreaterThan(0);
    expect(price.per).toBeGreaterThan(0);
    expect(price.unit).not.toBe('');
    expect(price.source).toMatch(/^https:\/\/aws\.amazon\.com\/.+\/pricing\/$/);
    expect(price.date).toMatch(/^20\d\d-\d\d-\d\d$/);
  });
});

describe('usage', () => {
  it('is priced, added and multiplied', () => {
    const one = new Usage();
    one.add('stateTransitions', 1000);
    one.add('events', 1_000_000);
    expect(one.usd).toBeCloseTo(1.025);
    expect(one.times(2).plus(one).of('events')).toBe(3_000_000);
    expect(one.lines().map(({ item }) => item)).toEqual(['events', 'stateTransitions']);
  });

  it('of an invocation: waiting costs the same with less of a core, computing does not', () => {
    const usage = new Usage();
    expect(invoked(usage, { memory: 1769, waited: 1, computed: 1 })).toBe(2);
    expect(usage.of('lambdaGbSeconds')).toBeCloseTo((2 * 1769) / 1024);
    expect(invoked(new Usage(), { memory: 512, waited: 1, computed: 1 })).toBeCloseTo(1 + 1769 / 512);
  });
});

describe('the counted table', () => {
  const clock = new VirtualClock(0);
  const counting = { clock, latency: 0.02, usage: new Usage() };
  const table = new CountingTable(counting);
  beforeEach(() => {
    counting.usage = new Usage();
  });
  const units = async (work: Promise<unknown>) => {
    await clock.settle(work);
    return [counting.usage.of('readUnits'), counting.usage.of('writeUnits')];
  };
  const item = (bytes: number) => ({ pk: 'p', sk: 's', text: 'x'.repeat(bytes) });

  it('counts as DynamoDB does: 4 KB a read, 1 KB a write, the larger one of before and after', async () => {
    expect(await units(table.get('p', 'none'))).toEqual([1, 0]);
    expect(await units(table.put(item(3000)))).toEqual([1, 3]);
    expect(await units(table.put(item(10)))).toEqual([1, 6]);
  });

  it('counts a query by the sum of what it gives, and a refused write as a write', async () => {
    for (let i = 0; i < 10; i++) await clock.settle(table.put({ ...item(900), sk: `q${i}` }));
    counting.usage = new Usage();
    expect(await units(table.query('p', { from: 'q' }))).toEqual([3, 0]);
    expect(await units(table.put({ ...item(900), sk: 'q1' }, { pk: { absent: true } }))).toEqual([3, 1]);
  });

  it('takes the time of a call', async () => {
    const before = clock.now();
    await clock.settle(table.get('p', 's'));
    expect(clock.now() - before).toBeCloseTo(0.02);
  });

  it('knows how large values are', () => {
    expect(sizeOf({ pk: 'ab', sk: 'c' })).toBe(2 + 2 + 2 + 1);
    expect(sizeOf({ pk: 'a', sk: 'b', n: 12_345 })).toBe(6 + 1 + 4);
    expect(sizeOf(new Uint8Array(100))).toBe(100);
    expect(sizeOf(['ä', null, true])).toBe(3 + 3 + 2 + 1 + 1);
  });
});

describe('what is counted', () => {
  it('the stage stands: every slice serves, healthy, and nothing is counted before it begins', async () => {
    const stage = new Stage({ ...SMALL, ready: 2 });
    await stage.seed();
    expect(stage.counting.usage.lines()).toEqual([]);
    const slices = await stage.clock.settle(stage.store.slices());
    expect(slices.filter(({ placement }) => placement.kind === 'active')).toHaveLength(12);
    const states = await stage.clock.settle(stage.loadBalancer.states('shard-0'));
    expect([...states.values()]).toEqual(['healthy', 'healthy', 'healthy']);
  });

  it('a tick: no metric asked for, writes that grow less than the instances', async () => {
    const [small, large] = [
      await tickCosts(SMALL, memory),
      await tickCosts({ ...SMALL, instances: 48 }, memory),
    ];
    expect(small.perTick.of('metricsAsked')).toBe(0);
    expect(small.perTick.of('lambdaRequests')).toBeCloseTo(1);
    expect(large.perTick.of('writeUnits')).toBeLessThan(2 * small.perTick.of('writeUnits'));
    expect(large.perTick.of('readUnits')).toBeGreaterThan(small.perTick.of('readUnits'));
    expect(small.perChart.of('readUnits')).toBeGreaterThan(0);
    expect(small.reportBytes).toBeGreaterThan(80);
  });

  it('moves: all are done, within the transitions that they may take', async () => {
    const costs = await moveCosts({ ...SMALL, ready: 8 }, 1440 / 5, memory);
    expect(costs.outcomes).toEqual({ done: 12 });
    expect(costs.perMove.of('stateTransitions')).toBeGreaterThan(5);
    expect(costs.perMove.of('stateTransitions')).toBeLessThanOrEqual(11);
    expect(costs.perMove.of('events')).toBeCloseTo(1);
    expect(costs.perHandOver.of('stateTransitions')).toBeGreaterThan(4);
    expect(costs.perHandOver.of('lambdaRequests')).toBeGreaterThanOrEqual(4);
    expect(costs.sweep.of('lambdaRequests')).toBeCloseTo(1);
  });

  it('agents: a beat every ten seconds, and a look at the slots with it; a hand-over within some dozen units', async () => {
    const { perMinute, perHandOver } = await agentCosts();
    expect(perMinute.of('writeUnits')).toBeCloseTo(6, 5);
    expect(perMinute.of('readUnits')).toBeCloseTo(6, 5);
    expect(perHandOver.of('writeUnits')).toBeGreaterThan(15);
    expect(perHandOver.of('writeUnits')).toBeLessThan(60);
    expect(sizeOf({ pk: 'agent', sk: 'i-1', state: beatOf('i-1', 'web', 0) })).toBeLessThan(1024);
  });

  it('a tick with state: reads of agents and slots, and nothing given away', async () => {
    const [plain, state] = [await tickCosts(SMALL, memory), await tickCosts({ ...SMALL, slots: 2 }, memory)];
    const more = state.perTick.beyond(plain.perTick);
    // The slots of each shard at least, and all agents.
    expect(more.of('readUnits')).toBeGreaterThan(SMALL.shards);
    expect(more.of('writeUnits')).toBeLessThan(1 + SMALL.shards);
  });

  it('what is more, and nothing of what is less', () => {
    const [one, other] = [new Usage(), new Usage()];
    one.add('readUnits', 5);
    one.add('writeUnits', 1);
    other.add('readUnits', 2);
    other.add('writeUnits', 3);
    expect(one.beyond(other).lines()).toMatchObject([{ item: 'readUnits', amount: 3 }]);
  });

  it('resources of a template by their type', () => {
    const made = { resources: [{ Type: 'A' }, { Type: 'B' }, { Type: 'A' }] } as unknown as Synthesised;
    expect(countOf(made, 'A')).toBe(2);
  });
});
