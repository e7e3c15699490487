import { populate } from '../../backtest/world/populate.ts';
import { World } from '../../backtest/world/world.ts';
import { settingsSchema } from '../../core/settings/schema.ts';
import { instanceArrived, instanceLeft } from '../../flows/reconcile.ts';
import { traceOf } from '../world/fixtures.ts';
import { type LocalMachines, localMachines } from './local.ts';
import { first, ScriptedAgents, SLOTS } from './scripted-agents.ts';

export interface Stateful {
  readonly world: World;
  readonly local: LocalMachines;
  readonly agents: ScriptedAgents;
  /** Slices of shard `a`, which has four slots; all are held by the first. */
  readonly serving: readonly string[];
  /** Slices that are bound to no shard. */
  readonly ready: readonly string[];
  /** Has a ready slice held for shard `a`, and more. */
  reserve(slice: string, also?: readonly string[]): Promise<void>;
  /** Who holds each slot of `a`. */
  holders(): Promise<readonly (string | undefined)[]>;
}

/** Shard `a` has state and serves on so many instances, `b` has none and serves on the next; then come ready ones. */
export async function stateful(serves = 1, spare = 1): Promise<Stateful> {
  const shard = { capacity: { perInstance: 100 }, mode: 'active' } as const;
  const slots = { count: SLOTS, by: { header: 'session' } };
  const settings = settingsSchema.parse({
    service: 'test',
    shards: [
      { name: 'a', ...shard, priority: 200, guarantee: serves, handOver: { state: 'copy', slots } },
      { name: 'b', ...shard },
    ],
    fleet: { max: 50, interruptionsPerDay: 0 },
  });
  const minutes = new Array(240).fill(10);
  const trace = traceOf({ a: minutes, b: minutes });
  const world = new World({ settings, trace, from: 0, end: 240, seed: 1 });
  populate(world);
  const ready: string[] = [];
  for (let i = 0; i < spare; i++) {
    const { id } = world.fleet.seed('steady');
    await instanceArrived(world.ports, settings, id);
    ready.push(first(id));
  }
  const local = await localMachines(world);
  world.signals = {
    arrived: (i) => world.workflows.run('signal', '', () => instanceArrived(local.ports, settings, i)),
    left: (i) => world.workflows.run('signal', '', () => instanceLeft(local.ports, settings, i)),
    rebalance() {},
    notice() {},
  };
  const serving = (await local.store.slices()).flatMap(({ slice, placement }) =>
    placement.kind === 'active' && placement.shard === 'a' ? [slice] : [],
  );
  for (let slot = 0; slot < SLOTS; slot++) await local.ports.slots.pass('a', { slot, epoch: 0 }, serving[0]);
  const agents = new ScriptedAgents(world, local.ports);
  await world.runUntil(world.clock.now() + 5);
  return {
    world,
    local,
    agents,
    serving,
    ready,
    async reserve(slice, also = []) {
      const seen = (await local.store.get(slice))!;
      const since = world.clock.now();
      await local.store.claim(slice, seen.version, 'test', since + 60);
      const kind = 'reserved' as const;
      const [shard = 'a', ...rest] = also.length > 0 ? also : ['a'];
      const more = rest.length > 0 && { also: rest };
      await local.store.put(slice, 'test', { kind, since, shard, ...more, until: since + 3600 });
      await local.store.release(slice, 'test');
    },
    holders: async () => (await local.ports.slots.read('a', SLOTS)).map(({ holder }) => holder),
  };
}
