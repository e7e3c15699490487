import { parseSliceId, sliceId } from '../shards/slice.ts';
import { shardOf } from './lifecycle.ts';
import type { VmInstance, VmShard } from './shard.ts';
import type { StoredVm } from './store.ts';

/** A VM shard with where it is. */
export interface Twin {
  readonly host: StoredVm;
  readonly shard: VmShard;
}

/** The VM shard that a slice is. */
export function bySlice(slice: string, known: ReadonlyMap<string, StoredVm>): Twin | undefined {
  const { instance, port } = parseSliceId(slice);
  const host = known.get(instance);
  const shard = host?.vm.shards.find((one) => one.port === port);
  return host && shard && { host, shard };
}

/** The twin that is held as a reserve for a slice. */
export function heldFor(slice: string, all: Iterable<StoredVm>): Twin | undefined {
  for (const host of all)
    for (const shard of host.vm.shards)
      if (shard.movesFrom === slice && shard.heldUntil !== undefined && shard.state === 'running')
        return { host, shard };
  return undefined;
}

export const sliceOfTwin = ({ host, shard }: Twin) => sliceId(host.vm.instanceID, shard.port);

/** Whether its agent runs it as it is wanted. */
export function isUp({ host: { report }, shard: { shardID, version } }: Twin): boolean {
  const seen = report?.shards[shardID];
  return seen?.state === 'running' && seen.version >= version;
}

/** The twin with what it is one of changed: held until then, no longer held (but taking over), or a shard as any other. */
export function twinTo(
  vm: VmInstance,
  shardID: string,
  to: { readonly heldUntil: number } | 'takes-over' | 'settled',
): VmInstance {
  const { heldUntil, movesFrom, ...rest } = shardOf(vm, shardID);
  const next: VmShard =
    to === 'settled'
      ? rest
      : { ...rest, ...(movesFrom !== undefined && { movesFrom }), ...(to === 'takes-over' ? {} : to) };
  if (next.movesFrom === movesFrom && next.heldUntil === heldUntil) return vm;
  const shards = vm.shards.map((one) => (one.shardID === shardID ? next : one));
  return { ...vm, shards, version: vm.version + 1 };
}
