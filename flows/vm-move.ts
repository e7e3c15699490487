import { sliceId } from '../core/shards/slice.ts';
import { shardOf, vmShardTo } from '../core/vm/lifecycle.ts';
import { VmRefused, VmUnknown } from '../core/vm/refused.ts';
import { type VmInstance, type VmShard, vmShardName } from '../core/vm/shard.ts';
import { heldFor, sliceOfTwin, twinTo } from '../core/vm/twin.ts';
import { allocateShards } from './vm-allocate.ts';
import { change } from './vm-change.ts';
import { hostsFor } from './vm-hosts.ts';
import type { VmParts } from './vm-parts.ts';

/**
 * Begins to move a VM shard: the twin that is held for it, or one that is allocated now on another instance under the
 * same name and size, takes over, and the shard is `moving`. The tick goes on from there (flows/vm-settle.ts): when the
 * twin is up, what the shard serves and holds goes over by a hand-over, and the shard is removed. A repeat changes nothing.
 * @param to instance. @default the one that holds a twin, else the best one of {@link hostsFor}
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
  mustRun(shard, instanceID, to);
  const slice = sliceId(instanceID, shard.port);
  const target = (await heldTwin(parts, slice, to)) ?? (await newTwin(parts, instanceID, shard, to));
  const at = parts.ports.clock.now();
  return change(parts, instanceID, shardID, undefined, ({ vm }) =>
    vmShardTo(vm, shardID, 'moving', at, target),
  );
}

/** @throws {VmRefused} when the shard is none that can be moved, or is there already. */
export function mustRun({ state, movesFrom }: VmShard, instanceID: string, to?: string): void {
  if (state === 'running' && movesFrom === undefined && to !== instanceID) return;
  const value = to === instanceID ? `${instanceID}, where it is` : movesFrom ? 'taking over' : state;
  throw new VmRefused([{ field: 'shard', bound: 'a running VM shard and another instance', value }]);
}

async function heldTwin(parts: VmParts, slice: string, to: string | undefined): Promise<string | undefined> {
  const twin = heldFor(slice, await parts.vms.list());
  if (twin === undefined || (to !== undefined && to !== twin.host.vm.instanceID)) return undefined;
  const { shardID } = twin.shard;
  await change(parts, twin.host.vm.instanceID, shardID, undefined, ({ vm }) =>
    twinTo(vm, shardID, 'takes-over'),
  );
  return sliceOfTwin(twin);
}

async function newTwin(
  parts: VmParts,
  instanceID: string,
  shard: VmShard,
  to: string | undefined,
): Promise<string> {
  const { shardID, vCPU, RAM, storage, priority, applicationComponent } = shard;
  const target = to ?? (await bestHost(parts, instanceID, shard));
  const twin = { shardID, vCPU, RAM, storage, priority, applicationComponent };
  const movesFrom = sliceId(instanceID, shard.port);
  const there = await allocateShards(parts, { instanceID: target, shards: [twin], twinOf: { movesFrom } });
  const made = shardOf(there, shardID);
  if (made.movesFrom === movesFrom) return sliceId(target, made.port);
  const bound = `a name that ${target} does not have`;
  throw new VmRefused([{ field: 'shardID', bound, value: vmShardName(target, shardID) }]);
}

async function bestHost(parts: VmParts, instanceID: string, shard: VmShard): Promise<string> {
  const { hosts, need } = await hostsFor(parts, instanceID, shard);
  if (hosts[0] !== undefined) return hosts[0].vm.instanceID;
  throw noHost(need);
}

export function noHost({ vCPU, RAM, storage }: Pick<VmShard, 'vCPU' | 'RAM' | 'storage'>): VmRefused {
  const value = `none with ${vCPU} vCPU, ${RAM} MiB and ${storage} MiB of disk free`;
  return new VmRefused([{ field: 'to', bound: 'another instance with room, in another Spot pool', value }]);
}
