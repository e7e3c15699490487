import { checkVersion } from '../core/vm/allocate.ts';
import { VmChanged, VmUnknown } from '../core/vm/refused.ts';
import type { VmInstance } from '../core/vm/shard.ts';
import type { StoredVm } from '../core/vm/store.ts';
import { tellChanged, type VmParts } from './vm-parts.ts';

/** Tries of a change that another one came before; each is made anew from what is there then. */
export const TRIES = 4;

/**
 * One change of one VM shard: conditional on the version that it was made from, and told.
 * @param make the instance with the change; the same object: nothing to be done
 * @throws {VmUnknown | VmChanged} and what `make` throws
 */
export async function change(
  parts: VmParts,
  instanceID: string,
  shardID: string,
  version: number | undefined,
  make: (seen: StoredVm) => VmInstance,
): Promise<VmInstance> {
  const { vms } = parts;
  for (let i = 0; i < TRIES; i++) {
    const seen = await vms.get(instanceID);
    if (seen === undefined)
      throw new VmUnknown(`instance ${instanceID}: expected one that is divided into VM shards`);
    checkVersion(seen.vm, version);
    const next = make(seen);
    if (next === seen.vm) return next;
    if (!(await vms.put(next))) continue;
    await tellChanged(parts, next, shardID);
    return next;
  }
  throw new VmChanged(`VM shards of ${instanceID}: changed ${TRIES} times meanwhile; try again`);
}
