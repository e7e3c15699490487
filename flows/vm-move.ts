import type { Instance } from '../core/shards/instance.ts';
import { parseSliceId, sliceId } from '../core/shards/slice.ts';
import { HOUR } from '../core/time.ts';
import { shardOf, vmShardTo } from '../core/vm/lifecycle.ts';
import { predictedNeed } from '../core/vm/propose.ts';
import { VmRefused, VmUnknown } from '../core/vm/refused.ts';
import { RESOURCES, type VmInstance, type VmShard, type VmSize, vmShardName } from '../core/vm/shard.ts';
import { sizeOfInstance } from '../core/vm/size.ts';
import { spareFor, type VmHost } from '../core/vm/spare.ts';
import { allocateShards } from './vm-allocate.ts';
import { change } from './vm-change.ts';
import type { VmParts } from './vm-parts.ts';

/**
 * Begins to move a VM shard: its twin is allocated on another instance, under the same name and size, and the shard is
 * `moving`. The tick goes on from there (flows/vm-settle.ts): when the twin is up, what the shard serves and holds goes
 * over by a hand-over, and the shard is removed. A repeat changes nothing.
 * @param to instance. @default the best one of {@link spareFor}
 * @throws {VmRefused | VmUnknown | VmChanged}
 */
export async function moveVmShard(
  parts: VmParts,
  instanceID: string,
  shardID: string,
  to?: string,
): Promise<VmInstance> {
  const seen = await parts.vms.get(instanceID);
  if (seen === undefined)
    throw new VmUnknown(`instance ${instanceID}: expected one that is divided into VM shards`);
  const shard = shardOf(seen.vm, shardID);
  if (shard.state === 'moving') return seen.vm;
  if (shard.state !== 'running' || shard.movesFrom !== undefined || to === instanceID) {
    const value =
      to === instanceID ? `${instanceID}, where it is` : shard.movesFrom ? 'taking over' : shard.state;
    throw new VmRefused([{ field: 'shard', bound: 'a running VM shard and another instance', value }]);
  }
  const target = to ?? (await bestHost(parts, instanceID, shard));
  const { vCPU, RAM, storage, priority, applicationComponent } = shard;
  const twin = { shardID, vCPU, RAM, storage, priority, applicationComponent };
  const movesFrom = sliceId(instanceID, shard.port);
  const there = await allocateShards(parts, { instanceID: target, shards: [twin], movesFrom });
  const made = shardOf(there, shardID);
  if (made.movesFrom !== movesFrom)
    throw new VmRefused([
      { field: 'shardID', bound: `a name that ${target} does not have`, value: vmShardName(target, shardID) },
    ]);
  const at = parts.ports.clock.now();
  return change(parts, instanceID, shardID, undefined, ({ vm }) =>
    vmShardTo(vm, shardID, 'moving', at, sliceId(target, made.port)),
  );
}

async function bestHost(parts: VmParts, instanceID: string, shard: VmShard): Promise<string> {
  const [best] = await hostsFor(parts, instanceID, shard);
  if (best !== undefined) return best.vm.instanceID;
  const { vCPU, RAM, storage } = shard;
  const value = `none with ${vCPU} vCPU, ${RAM} MiB and ${storage} MiB of disk free`;
  throw new VmRefused([{ field: 'to', bound: 'another instance with room, in another Spot pool', value }]);
}

/** Instances that could take a VM shard over, best first: for what it will need within the hour, not for what it has now. */
export async function hostsFor(
  { ports, vms, settings }: VmParts,
  instanceID: string,
  shard: VmShard,
): Promise<readonly VmHost[]> {
  const [instances, divided, slices] = await Promise.all([
    ports.fleet.list(),
    vms.list(),
    ports.store.slices(),
  ]);
  const inUse = new Set(
    slices.flatMap((one) => (one.placement.kind === 'ready' ? [] : [parseSliceId(one.slice).instance])),
  );
  const known = new Map(divided.map((one) => [one.vm.instanceID, one]));
  const own = instances.find(({ id }) => id === instanceID);
  if (own === undefined) throw new VmUnknown(`instance ${instanceID}: expected one of the fleet`);
  const hosts = instances.flatMap((instance): VmHost[] => {
    if (instance.state !== 'running') return [];
    const { vm, report } = known.get(instance.id) ?? {};
    const size = vm?.size ?? sizeOfInstance(instance.type, settings);
    // One that is not divided can be as long as it serves nobody.
    if (size === undefined || (vm === undefined && inUse.has(instance.id))) return [];
    const leaving = instance.rebalanceAt !== undefined || report?.pressureSince !== undefined;
    const whole = { instanceID: instance.id, shards: [], size };
    return [{ vm: vm ?? whole, leaving, ...placeOf(instance) }];
  });
  const now = ports.clock.now();
  const soon = predictedNeed(shard.applicationComponent, settings.vm, now, now + HOUR);
  return spareFor(hosts, { instanceID, ...placeOf(own) }, larger(shard, soon), settings);
}

const placeOf = ({ type, zone, group }: Instance): Pick<VmHost, 'zone' | 'pool'> => ({
  zone,
  ...(group === 'spot' && { pool: { type, zone } }),
});

function larger(a: VmSize, b: VmSize | undefined): VmSize {
  const most = { vCPU: a.vCPU, RAM: a.RAM, storage: a.storage };
  for (const one of RESOURCES) most[one] = Math.max(most[one], b?.[one] ?? 0);
  return most;
}
