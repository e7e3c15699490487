import { VmItems } from '../../adapters/aws/vm-items.ts';
import type { World } from '../../backtest/world/world.ts';
import type { Failure } from '../../core/failure.ts';
import type { Event, Ports, StoredSlice } from '../../core/ports.ts';
import type { Settings } from '../../core/settings/schema.ts';
import type { Placement } from '../../core/shards/placement.ts';
import { layoutsOf } from '../../core/vm/layout.ts';
import type { VmReport, VmShardReport } from '../../core/vm/report.ts';
import { runMove } from '../../flows/move.ts';
import type { MoveInput } from '../../flows/move-input.ts';
import { instanceArrived, type Reconciled, reconcile } from '../../flows/reconcile.ts';
import { VmFlows } from '../../flows/vm.ts';
import type { VmParts } from '../../flows/vm-parts.ts';
import { settleVms, type VmGiven } from '../../flows/vm-settle.ts';
import { stage } from '../flows/stage.ts';
import { MemoryTable } from '../model-aws/memory-table.ts';
import { LARGE, vmSettings } from './stage.ts';

/** The instance of test/flows/stage.ts whose slice is ready, and one more. */
export const VM = 'i-00000002';
export const OTHER = 'i-00000003';

export interface VmStage {
  readonly world: World;
  readonly settings: Settings;
  readonly parts: VmParts;
  readonly vms: VmItems;
  readonly flows: VmFlows;
  readonly events: Event[];
  /** Reserves that agents were told of: slice → reserve. */
  readonly orders: Map<string, string>;
  /** Planned hand-overs that were started. */
  readonly handOvers: { readonly slices: readonly string[] }[];
  place(slice: string, placement: Placement): Promise<void>;
  /** Makes a slice serve a shard, its target healthy. */
  serve(slice: string, shard: string): Promise<void>;
  /** The agent has put on the machine what is wanted, but for what is said otherwise. */
  beat(
    instance: string,
    some?: Readonly<Record<string, Partial<VmShardReport>>>,
    rest?: Partial<VmReport>,
  ): Promise<void>;
  settle(given?: Partial<VmGiven>): Promise<readonly Failure[]>;
  reconcile(): Promise<Reconciled>;
  kindOf(slice: string): Promise<string | undefined>;
  stateOf(instance: string, shard: string): Promise<string | undefined>;
}

export async function vmStage(handOver: 'none' | 'copy' = 'none'): Promise<VmStage> {
  const world = await stage();
  const { clock, store } = world;
  const { shards } = world.settings;
  const settings: Settings = {
    ...world.settings,
    vm: vmSettings().vm,
    shards: shards.map((one) => ({ ...one, handOver: { ...one.handOver, state: handOver } })),
  };
  const { id } = world.fleet.seed('steady');
  await instanceArrived(world.ports, settings, id);
  const events: Event[] = [];
  world.events.listener = (event) => events.push(event);
  const orders = new Map<string, string>();
  const handOvers: { slices: readonly string[] }[] = [];
  world.workflows.handlers.set('move', (input) => runMove(world.ports, input as MoveInput, settings));
  world.workflows.handlers.set('hand-over', async (input) => handOvers.push(input as { slices: string[] }));
  const agents: Ports['agents'] = {
    ...world.ports.agents,
    order: async (slice, { reserve }) => {
      if (reserve === null) orders.delete(slice);
      else if (reserve !== undefined) orders.set(slice, reserve);
    },
  };
  const vms = new VmItems(new MemoryTable());
  const parts: VmParts = { ports: { ...world.ports, agents }, vms, settings };
  const now = () => clock.now();
  const place = async (slice: string, placement: Placement) => {
    const seen = (await store.get(slice)) as StoredSlice;
    await store.claim(slice, seen.version, 'test', now() + 10);
    const done = await store.put(slice, 'test', placement);
    await store.release(slice, 'test');
    if (!done.ok) throw new Error(`${slice} was not placed`);
  };
  return {
    world,
    settings,
    parts,
    vms,
    flows: new VmFlows(parts),
    events,
    orders,
    handOvers,
    place,
    async serve(slice, shard) {
      const { kind } = (await store.get(slice))!.placement;
      if (kind === 'ready') await place(slice, { kind: 'activating', since: now(), shard });
      if (kind === 'reserved') await place(slice, { kind: 'activating', since: now(), shard });
      await place(slice, { kind: 'active', since: now(), shard });
      world.loadBalancer.seed(shard, slice);
    },
    async beat(instance, some = {}, rest = {}) {
      const { vm } = (await vms.get(instance))!;
      const there = vm.shards.filter(({ state }) => state !== 'removed');
      const seen = there.map(({ shardID, version, state }) => [
        shardID,
        { state: state === 'frozen' ? 'frozen' : 'running', version, ...some[shardID] } as VmShardReport,
      ]);
      const report = { at: now(), size: LARGE, cgroup: 2, version: vm.version, ...rest } as const;
      await vms.report(instance, { ...report, shards: Object.fromEntries(seen) });
    },
    async settle(given = {}) {
      const instances = await world.fleet.list();
      return settleVms(parts, await vms.list(), { instances, risks: [], mayTouch: () => true, ...given });
    },
    async reconcile() {
      const layouts = layoutsOf(await vms.list());
      return clock.settle(reconcile(world.ports, settings, { layouts }));
    },
    kindOf: async (slice) => (await store.get(slice))?.placement.kind,
    stateOf: async (instance, shard) =>
      (await vms.get(instance))?.vm.shards.find(({ shardID }) => shardID === shard)?.state,
  };
}
