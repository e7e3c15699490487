import { attempt, type Failure } from '../core/failure.ts';
import { dependantsOf } from '../core/interruption/graph.ts';
import { interruptFirst } from '../core/interruption/rank.ts';
import type { SliceRisk } from '../core/interruption/risk.ts';
import type { Instance } from '../core/shards/instance.ts';
import { sliceId } from '../core/shards/slice.ts';
import { MINUTE, type Seconds } from '../core/time.ts';
import { forget, vmShardTo } from '../core/vm/lifecycle.ts';
import { firstToMove, inOrder } from '../core/vm/pressure.ts';
import { VmRefused } from '../core/vm/refused.ts';
import type { VmInstance, VmShard } from '../core/vm/shard.ts';
import type { StoredVm } from '../core/vm/store.ts';
import { heldFor } from '../core/vm/twin.ts';
import { carryMove, copiesState, settleTwin } from './vm-carry.ts';
import { change } from './vm-change.ts';
import { hostsFor } from './vm-hosts.ts';
import { moveVmShard } from './vm-move.ts';
import type { VmParts } from './vm-parts.ts';
import { reserveVmShard } from './vm-reserve.ts';

/** An instance that the fleet has not listed for so long is gone: its lists lag behind. */
const GONE: Seconds = 10 * MINUTE;
const HOLD: Seconds = MINUTE;
/** Rebalance recommendations come some ten minutes before the notice; prolonged while they stand. */
const FORESEEN: Seconds = 30 * MINUTE;

/** What a tick has seen. */
export interface VmGiven {
  readonly instances: readonly Instance[];
  /** Of the serving slices, VM shards among them. */
  readonly risks: readonly SliceRisk[];
  /** Whether a service's shard may be moved at all: it is not in shadow. */
  readonly mayTouch: (shard: string) => boolean;
}

/**
 * Brings VM shards on in what takes longer than a call: out of their traffic, over to another instance, away. Each step
 * is made from what is there, may be repeated and killed half-way; what fails comes again with the next tick.
 */
export async function settleVms(
  parts: VmParts,
  all: readonly StoredVm[],
  { instances, risks, mayTouch }: VmGiven,
): Promise<readonly Failure[]> {
  const failures: Failure[] = [];
  const listed = new Map(instances.map((instance) => [instance.id, instance]));
  const known = new Map(all.map((one) => [one.vm.instanceID, one]));
  const first = cheapestFirst(parts, risks);
  for (const stored of all) {
    const { vm } = stored;
    const { instanceID } = vm;
    if (!listed.has(instanceID)) {
      await attempt(failures, `forget the VM shards of ${instanceID}`, () => forgetGone(parts, vm));
      continue;
    }
    for (const shard of vm.shards) {
      const what = `VM shard ${instanceID}/${shard.shardID}, ${shard.state}`;
      await attempt(failures, what, () => settle(parts, stored, shard, known));
    }
    const order = first(vm);
    if (order.join() !== (stored.order ?? []).join())
      await attempt(failures, `rank ${instanceID}`, () => parts.vms.rank(instanceID, order));
    const doomed = listed.get(instanceID);
    if (doomed?.state === 'running' && doomed.rebalanceAt !== undefined)
      for (const shard of vm.shards)
        await attempt(failures, `reserve for ${instanceID}/${shard.shardID}`, () =>
          foresee(parts, vm, shard, known, mayTouch),
        );
    await attempt(failures, `relieve ${instanceID}`, () => relieve(parts, { ...stored, order }, mayTouch));
  }
  return failures;
}

/** Per instance: its VM shards by what their interruption costs, the cheapest first; what is not known of is not in it. */
function cheapestFirst({ settings }: VmParts, risks: readonly SliceRisk[]) {
  const all = risks.map(({ slice, shard, cost }) => ({ id: slice, shard, cost: cost.total }));
  const order = interruptFirst(all, dependantsOf(settings.shards)).map(({ id }) => id);
  const place = new Map(order.map((slice, i) => [slice, i]));
  return ({ instanceID, shards }: VmInstance): readonly string[] =>
    shards
      .flatMap(({ shardID, port }) => {
        const i = place.get(sliceId(instanceID, port));
        return i === undefined ? [] : [{ shardID, i }];
      })
      .sort((a, b) => a.i - b.i)
      .map(({ shardID }) => shardID);
}

async function forgetGone(
  { vms, ports }: VmParts,
  { instanceID, shards, version }: VmInstance,
): Promise<void> {
  const newest = Math.max(0, ...shards.map(({ since }) => since));
  if (ports.clock.now() - newest >= GONE) await vms.remove(instanceID, version);
}

async function settle(
  parts: VmParts,
  { vm, report }: StoredVm,
  shard: VmShard,
  known: ReadonlyMap<string, StoredVm>,
): Promise<void> {
  const { instanceID } = vm;
  const { shardID, state } = shard;
  const slice = sliceId(instanceID, shard.port);
  const to = (next: 'frozen' | 'removed') =>
    change(parts, instanceID, shardID, undefined, (seen) =>
      vmShardTo(seen.vm, shardID, next, parts.ports.clock.now()),
    );
  if (state === 'freezing') {
    if (await isFree(parts, slice)) await to('frozen');
  } else if (state === 'removing') {
    if (await endSlice(parts, slice)) await to('removed');
  } else if (state === 'removed') {
    if (report === undefined || report.version < shard.version) return;
    const left = report.shards[shardID];
    // Its agent tries again with each beat; until then nothing of it is given to another.
    if (left?.error !== undefined) throw new NotTakenDown(left.error);
    if (left !== undefined || !(await endSlice(parts, slice))) return;
    await change(parts, instanceID, shardID, undefined, (seen) => forget(seen.vm, shardID));
  } else if (state === 'moving') {
    await carryMove(parts, vm, shard, known, (source) => endSlice(parts, source));
  } else if (shard.movesFrom !== undefined) {
    await settleTwin(parts, { host: { vm, ...(report && { report }) }, shard }, known);
  }
}

/** The agent has tried to take a VM shard away, and something of it is still on the machine. */
class NotTakenDown extends Error {
  override readonly name = 'NotTakenDown';
}

/** Whether the slice serves no shard and nobody holds it. */
async function isFree({ ports }: VmParts, slice: string): Promise<boolean> {
  const seen = await ports.store.get(slice);
  if (seen === undefined) return true;
  const held = seen.holder !== undefined && (seen.holderExpires ?? 0) > ports.clock.now();
  return seen.placement.kind === 'ready' && !held;
}

/** Takes a slice that serves nobody out of the store. False: it is in use. */
async function endSlice({ ports: { store, clock } }: VmParts, slice: string): Promise<boolean> {
  const seen = await store.get(slice);
  if (seen === undefined) return true;
  if (seen.placement.kind !== 'ready') return false;
  // Held, so that the plan does not give it away at the same moment.
  const claimed = await store.claim(slice, seen.version, `vm-end/${slice}`, clock.now() + HOLD);
  if (!claimed.ok) return false;
  await store.remove(slice);
  return true;
}

/** AWS recommends to leave the instance: what has state gets room elsewhere before the notice comes. */
async function foresee(
  parts: VmParts,
  { instanceID }: VmInstance,
  shard: VmShard,
  known: ReadonlyMap<string, StoredVm>,
  mayTouch: (shard: string) => boolean,
): Promise<void> {
  if (shard.state !== 'running' || shard.movesFrom !== undefined) return;
  const { clock, store } = parts.ports;
  const slice = sliceId(instanceID, shard.port);
  const held = heldFor(slice, known.values())?.shard.heldUntil ?? 0;
  if (held > clock.now() + FORESEEN / 2) return;
  const placement = (await store.get(slice))?.placement;
  if (placement?.kind !== 'active' || !copiesState(parts, placement.shard) || !mayTouch(placement.shard))
    return;
  try {
    await reserveVmShard(parts, instanceID, shard.shardID, clock.now() + FORESEEN);
  } catch (error) {
    // Nobody has room: the notice takes what the plan has reserved for the service's shard, or the standard procedure.
    if (!(error instanceof VmRefused)) throw error;
  }
}

/** Under pressure, the first VM shard that was interrupted moves to an instance that has room; one at a time. */
async function relieve(
  parts: VmParts,
  { vm, report, order }: StoredVm & { readonly order: readonly string[] },
  mayTouch: (shard: string) => boolean,
): Promise<void> {
  const shard = report && firstToMove(inOrder(vm.shards, order), report);
  if (shard === undefined || vm.shards.some(({ state }) => state === 'moving')) return;
  const placement = (await parts.ports.store.get(sliceId(vm.instanceID, shard.port)))?.placement;
  if (placement?.kind !== 'active' || !mayTouch(placement.shard)) return;
  const [host] = (await hostsFor(parts, vm.instanceID, shard)).hosts;
  if (host !== undefined) await moveVmShard(parts, vm.instanceID, shard.shardID, host.vm.instanceID);
}
