import { allocate } from '../core/vm/allocate.ts';
import { VmChanged, type VmProblem, VmRefused, VmUnknown } from '../core/vm/refused.ts';
import {
  type InterruptibilityPolicy,
  interruptibilityPolicySchema,
  type VmInstance,
  type VmShard,
  type VmShardRequest,
} from '../core/vm/shard.ts';
import { sizeOfInstance } from '../core/vm/size.ts';
import { event } from './events.ts';
import { TRIES } from './vm-change.ts';
import { divide } from './vm-divide.ts';
import type { VmParts } from './vm-parts.ts';

/**
 * Divides a running instance into VM shards, or adds some.
 * @throws {VmRefused | VmUnknown | VmChanged}
 */
export async function allocateShards(
  parts: VmParts,
  asked: {
    readonly instanceID: string;
    readonly shards: readonly VmShardRequest[];
    readonly policy?: InterruptibilityPolicy | undefined;
    readonly version?: number | undefined;
    /** They are twins of this slice's VM shard. */
    readonly twinOf?: Pick<VmShard, 'movesFrom' | 'heldUntil'> | undefined;
  },
): Promise<VmInstance> {
  const { ports, vms, settings } = parts;
  const { instanceID, twinOf } = asked;
  const instance = (await ports.fleet.list()).find(({ id }) => id === instanceID);
  if (instance === undefined) throw new VmUnknown(`instance ${instanceID}: expected one of the fleet`);
  if (instance.state !== 'running')
    throw refused({
      field: 'instanceID',
      bound: 'an instance that is running',
      value: `${instanceID} (${instance.state})`,
    });
  const defaults = interruptibilityPolicySchema.parse({});
  for (let i = 0; i < TRIES; i++) {
    const seen = await vms.get(instanceID);
    const size = sizeOfInstance(instance.type, settings, seen?.report?.size);
    if (size === undefined)
      throw refused({ field: 'fleet.instanceTypes', bound: `a size for ${instance.type}`, value: 'nothing' });
    const at = ports.clock.now();
    const next = allocate(seen?.vm, { ...asked, size }, defaults, settings, at);
    if (next === seen?.vm) return next;
    const made = markTwins(next, seen?.vm, twinOf);
    if (!(await divide(parts, made, seen?.vm))) continue;
    const vmShards = made.shards.map(({ shardID }) => shardID);
    const told = event('VmShardsAllocated', at, { instance: instanceID, vmShards, version: made.version });
    await ports.events.publish([told]);
    return made;
  }
  throw new VmChanged(`VM shards of ${instanceID}: changed ${TRIES} times meanwhile; try again`);
}

function markTwins(
  next: VmInstance,
  before: VmInstance | undefined,
  twinOf: Pick<VmShard, 'movesFrom' | 'heldUntil'> | undefined,
): VmInstance {
  if (twinOf === undefined) return next;
  const old = new Set(before?.shards.map(({ shardID }) => shardID));
  const shards = next.shards.map((one) => (old.has(one.shardID) ? one : { ...one, ...twinOf }));
  return { ...next, shards };
}

const refused = (problem: VmProblem) => new VmRefused([problem]);
