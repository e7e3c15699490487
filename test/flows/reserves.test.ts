import { describe, expect, it } from 'vitest';
import { TableAgents } from '../../adapters/aws/hand-over/agents.ts';
import { ReserveRecords } from '../../adapters/aws/reserve-records.ts';
import { ReserveRequests } from '../../adapters/aws/reserve-requests.ts';
import { DynamoStore } from '../../adapters/aws/store.ts';
import { VirtualClock } from '../../backtest/world/clock.ts';
import type { KeptReserve, Plan } from '../../core/capacity/plan.ts';
import { plan } from '../../core/capacity/planner.ts';
import type { Failure } from '../../core/failure.ts';
import { NO_RISK_INPUTS, risksOf } from '../../core/interruption/risks.ts';
import { keepReserves, readReserves } from '../../flows/reserves.ts';
import { AT, running, settingsOf, snapshotOf, steadyForecasts } from '../capacity/scene.ts';
import { MemoryTable } from '../model-aws/memory-table.ts';

const settings = settingsOf([{}, {}], { reserves: { max: 5 } });

function stage() {
  const table = new MemoryTable();
  const clock = new VirtualClock(AT);
  const store = new DynamoStore(table, clock);
  const agents = new TableAgents(table);
  const orders: string[] = [];
  const ports = {
    store,
    clock,
    agents: {
      beat: agents.beat.bind(agents),
      get: agents.get.bind(agents),
      list: agents.list.bind(agents),
      order: async (slice: string, order: Parameters<typeof agents.order>[1]) => {
        orders.push(slice);
        await agents.order(slice, order);
      },
    },
  };
  const reserve = async (slice: string, shard: string, until: number) => {
    await store.add(slice, AT);
    const { version } = (await store.get(slice))!;
    await store.claim(slice, version, 'test', AT + 10);
    await store.put(slice, 'test', { kind: 'reserved', since: AT, shard, until });
    await store.release(slice, 'test');
  };
  return { table, ports, store, orders, reserve, memory: new ReserveRecords(table) };
}

const kept = (change: Partial<KeptReserve>): KeptReserve => ({
  slice: 'i-r:8080',
  shard: 'a',
  also: [],
  until: AT + 900,
  changed: true,
  ...change,
});
const planOf = (change: Pick<Plan, 'reserves' | 'reserveFor'>) => change as Plan;

describe('what a plan wants of reserves', () => {
  it('is told to the agents once, and taken back', async () => {
    const { ports, memory, orders } = stage();
    const one = running(settings, ['active a'], { id: 'i-1', group: 'spot' });
    const failures: Failure[] = [];
    const round = async (reserveFor: Record<string, string>) => {
      const known = await readReserves(memory, settings, AT);
      await keepReserves(ports, planOf({ reserveFor }), snapshotOf([one], known), failures);
    };
    await round({ 'i-1:8080': 'i-r:8080' });
    await round({ 'i-1:8080': 'i-r:8080' });
    expect(orders).toEqual(['i-1:8080']);
    expect(await memory.orders()).toEqual({ 'i-1:8080': 'i-r:8080' });
    await round({});
    expect(await memory.orders()).toEqual({});
    await round({ 'i-gone:8080': 'i-r:8080' });
    expect(orders).toHaveLength(2);
    expect(failures).toEqual([]);
  });

  it('is told for a slice that enters a shard with state, too: it may hold some', async () => {
    const stateful = settingsOf([{ handOver: { state: 'copy', stateMiB: 1024 } }], {
      spotShare: 1,
      reserves: { max: 10, lossCost: 200 },
    });
    const { ports, memory } = stage();
    const told = async (place: 'activating a' | 'draining a') => {
      const fleet = [
        running(stateful, [place], { id: 'i-1', group: 'spot', zone: 'a', rebalanceAt: AT - 10 }),
        running(stateful, ['reserved a'], { id: 'i-r', zone: 'b' }),
      ];
      const risks = risksOf(fleet, [], NO_RISK_INPUTS, stateful, AT);
      const snapshot = snapshotOf(fleet, { ...(await readReserves(memory, stateful, AT)), risks });
      const made = plan(snapshot, steadyForecasts(stateful, [50]), stateful, AT);
      await keepReserves(ports, made, snapshot, []);
      return memory.orders();
    };
    expect(await told('activating a')).toEqual({ 'i-1:8080': 'i-r:8080' });
    expect(await told('draining a')).toEqual({});
  });

  it('prolongs a reservation, and holds it for others', async () => {
    const { ports, store, reserve } = stage();
    await reserve('i-r:8080', 'a', AT + 100);
    const failures: Failure[] = [];
    await keepReserves(ports, planOf({ reserves: [kept({ also: ['b'] })] }), snapshotOf([]), failures);
    const first = await store.get('i-r:8080');
    expect(first?.placement).toEqual({
      kind: 'reserved',
      since: AT,
      shard: 'a',
      also: ['b'],
      until: AT + 900,
    });
    expect(first?.holder).toBeUndefined();
    await keepReserves(ports, planOf({ reserves: [kept({ shard: 'b' })] }), snapshotOf([]), failures);
    expect((await store.get('i-r:8080'))?.placement).toMatchObject({ kind: 'reserved', shard: 'b' });
    expect(failures).toEqual([]);
  });

  it('leaves a reserve alone that somebody else has taken', async () => {
    const { ports, store, reserve } = stage();
    await reserve('i-r:8080', 'a', AT + 100);
    const { version } = (await store.get('i-r:8080'))!;
    await store.claim('i-r:8080', version, 'hand-over/x', AT + 100);
    await keepReserves(ports, planOf({ reserves: [kept({})] }), snapshotOf([]), []);
    expect(await store.get('i-r:8080')).toMatchObject({
      holder: 'hand-over/x',
      placement: { kind: 'reserved', until: AT + 100 },
    });
  });

  it('notes what fails, and does the rest', async () => {
    const { ports, memory } = stage();
    const failures: Failure[] = [];
    const fleet = ['i-1', 'i-2'].map((id) => running(settings, ['active a'], { id, group: 'spot' }));
    const order = ports.agents.order;
    ports.agents.order = async (slice, change) => {
      if (slice.startsWith('i-1')) throw new Error('throttled');
      await order(slice, change);
    };
    const reserveFor = { 'i-1:8080': 'i-r:8080', 'i-2:8080': 'i-r:8080' };
    await keepReserves(ports, planOf({ reserveFor }), snapshotOf(fleet), failures);
    expect(failures).toMatchObject([{ what: 'order the reserve of i-1:8080', error: 'Error: throttled' }]);
    expect(await memory.orders()).toEqual({ 'i-2:8080': 'i-r:8080' });
  });
});

describe('what is known of reserves', () => {
  it('are the requests that have not ended; a service that reserves nothing is not asked', async () => {
    const { table, memory } = stage();
    const requests = new ReserveRequests(table);
    await requests.put({ id: '1', shard: 'a', count: 2, until: AT + 100 }, AT, 'me');
    expect(await readReserves(memory, settings, AT)).toMatchObject({
      reserveRequests: [{ id: '1', count: 2 }],
    });
    expect(await readReserves(memory, settings, AT + 100)).toMatchObject({ reserveRequests: [] });
    expect(await readReserves(memory, settingsOf([{}]), AT)).toEqual({});
  });

  it('are the orders to be taken back where reserves were switched off', async () => {
    const { ports, memory } = stage();
    const off = settingsOf([{ handOver: { state: 'copy' } }]);
    const fleet = [running(off, ['active a'], { id: 'i-1', group: 'spot' })];
    await ports.agents.order('i-1:8080', { reserve: 'i-r:8080' });
    const known = await readReserves(memory, off, AT);
    await keepReserves(ports, planOf({}), { ...snapshotOf(fleet), ...known }, []);
    expect(await memory.orders()).toEqual({});
  });

  it('leaves the twins of VM shards alone', async () => {
    const { ports, memory } = stage();
    const fleet = [running(settings, ['active a'], { id: 'i-1', group: 'spot' })];
    await ports.agents.order('i-1:8080', { reserve: 'i-2:8081' });
    const snapshot = { ...snapshotOf(fleet), ...(await readReserves(memory, settings, AT)) };
    await keepReserves(ports, planOf({}), snapshot, [], new Map([['i-1', []]]));
    expect(await memory.orders()).toEqual({ 'i-1:8080': 'i-2:8081' });
  });
});
