import { sliceId } from '../core/shards/slice.ts';
import type { Seconds } from '../core/time.ts';
import { shardOf } from '../core/vm/lifecycle.ts';
import { VmUnknown } from '../core/vm/refused.ts';
import { heldFor, sliceOfTwin, twinTo } from '../core/vm/twin.ts';
import { allocateShards } from './vm-allocate.ts';
import { change } from './vm-change.ts';
import { hostsFor } from './vm-hosts.ts';
import { mustRun, noHost } from './vm-move.ts';
import type { VmParts } from './vm-parts.ts';

/** Room that is held for a VM shard. */
export interface VmReserve {
  /** Slice of its twin. */
  readonly slice: string;
  readonly until: Seconds;
}

/**
 * Holds spare vCPU, memory and disk for a VM shard on another instance, in another Spot pool: a twin that runs, serves
 * nobody, and takes over when the shard moves or its instance is taken. Its size is what the shard will need, not what it
 * uses now. A repeat prolongs it; it ends by itself.
 * @throws {VmRefused | VmUnknown | VmChanged} `VmRefused` with field `to` when no instance has room.
 */
export async function reserveVmShard(
  parts: VmParts,
  instanceID: string,
  shardID: string,
  until: Seconds,
): Promise<VmReserve> {
  const all = await parts.vms.list();
  const seen = all.find(({ vm }) => vm.instanceID === instanceID);
  if (seen === undefined)
    throw new VmUnknown(`instance ${instanceID}: expected one that is divided into VM shards`);
  const shard = shardOf(seen.vm, shardID);
  mustRun(shard, instanceID);
  const slice = sliceId(instanceID, shard.port);
  const held = heldFor(slice, all);
  if (held !== undefined) {
    const last = Math.max(until, held.shard.heldUntil ?? 0);
    const { instanceID: host } = held.host.vm;
    await change(parts, host, held.shard.shardID, undefined, ({ vm }) =>
      twinTo(vm, held.shard.shardID, { heldUntil: last }),
    );
    return { slice: sliceOfTwin(held), until: last };
  }
  const { hosts, need } = await hostsFor(parts, instanceID, shard);
  const [host] = hosts;
  if (host === undefined) throw noHost(need);
  const { priority, applicationComponent } = shard;
  const twin = { shardID, ...need, priority, applicationComponent };
  const { instanceID: to } = host.vm;
  const twinOf = { movesFrom: slice, heldUntil: until };
  const there = await allocateShards(parts, { instanceID: to, shards: [twin], twinOf });
  return { slice: sliceId(to, shardOf(there, shardID).port), until };
}
