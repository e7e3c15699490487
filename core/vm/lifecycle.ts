import type { Settings } from '../settings/schema.ts';
import { IllegalTransition } from '../shards/placement.ts';
import type { Seconds } from '../time.ts';
import { tooLarge } from './allocate.ts';
import { VmRefused, VmUnknown } from './refused.ts';
import {
  RESOURCES,
  type VmInstance,
  type VmShard,
  type VmShardState,
  type VmSize,
  vmShardName,
} from './shard.ts';
import { freeOf } from './size.ts';

/** The states that may follow each one. A shard that is `removed` is forgotten when its agent has taken it down. */
export const VM_SHARD_TRANSITIONS: { readonly [S in VmShardState]: readonly VmShardState[] } = {
  running: ['freezing', 'frozen', 'moving', 'removing', 'removed'],
  freezing: ['frozen', 'running', 'removing', 'removed'],
  frozen: ['running', 'removing', 'removed'],
  moving: ['running', 'removed'],
  removing: ['removed'],
  removed: [],
};

/** @throws {VmUnknown} naming the shard in full and those that the instance has. */
export function shardOf({ instanceID, shards }: VmInstance, shardID: string): VmShard {
  const found = shards.find((one) => one.shardID === shardID);
  if (found !== undefined) return found;
  const names = shards.map((one) => one.shardID).join(', ') || 'none';
  throw new VmUnknown(`VM shard ${vmShardName(instanceID, shardID)}: expected one of ${names}`);
}

/**
 * One step of a shard's lifecycle. A step to where it is already changes nothing.
 * @throws {VmUnknown} when there is no such shard.
 * @throws {IllegalTransition} naming both states and what would be allowed.
 */
export function vmShardTo(
  vm: VmInstance,
  shardID: string,
  state: VmShardState,
  at: Seconds,
  movesTo?: string,
): VmInstance {
  const from = shardOf(vm, shardID);
  if (from.state === state && from.movesTo === movesTo) return vm;
  const allowed = VM_SHARD_TRANSITIONS[from.state];
  if (!allowed.includes(state))
    throw new IllegalTransition(
      `VM shard ${vmShardName(vm.instanceID, shardID)}`,
      from.state,
      state,
      allowed,
    );
  const { movesTo: _, ...rest } = from;
  return changed(vm, { ...rest, state, since: at, ...(movesTo !== undefined && { movesTo }) });
}

/**
 * Another size for a shard that stays where it is.
 * @throws {VmRefused} when the rest of the VM has no room for it, or its disk would shrink.
 * @throws {IllegalTransition} when it moves or is being removed.
 */
export function resize(
  vm: VmInstance,
  shardID: string,
  to: Partial<VmSize> & { readonly priority?: number },
  settings: Pick<Settings, 'vm'>,
): VmInstance {
  const from = shardOf(vm, shardID);
  if (from.state === 'moving' || from.state === 'removing' || from.state === 'removed')
    throw new IllegalTransition(
      `VM shard ${vmShardName(vm.instanceID, shardID)}`,
      from.state,
      'another size',
      [...VM_SHARD_TRANSITIONS[from.state]],
    );
  const next = { ...from, ...to };
  if ([...RESOURCES, 'priority' as const].every((one) => next[one] === from[one])) return vm;
  const others = vm.shards.filter((one) => one !== from);
  const problems = tooLarge(next, freeOf(vm.size, settings.vm.system, others), vm, 'shard', settings);
  // A filesystem that is mounted can grow and not shrink.
  if (next.storage < from.storage)
    problems.push({
      field: 'shard.storage',
      bound: `at least ${from.storage} MiB, because a disk cannot shrink`,
      value: `${next.storage}`,
    });
  if (problems.length > 0) throw new VmRefused(problems);
  return changed(vm, next);
}

/** The shard is gone: nothing of it is left on the instance. A shard that is not there changes nothing. */
export function forget(vm: VmInstance, shardID: string): VmInstance {
  const shards = vm.shards.filter((one) => one.shardID !== shardID);
  return shards.length === vm.shards.length ? vm : { ...vm, shards, version: vm.version + 1 };
}

function changed(vm: VmInstance, shard: VmShard): VmInstance {
  const version = vm.version + 1;
  const shards = vm.shards.map((one) => (one.shardID === shard.shardID ? { ...shard, version } : one));
  return { ...vm, shards, version };
}
