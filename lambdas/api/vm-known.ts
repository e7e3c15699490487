import { ApiProblem } from '../../core/api/problem.ts';
import { shardOf } from '../../core/vm/lifecycle.ts';
import type { VmInstance, VmShard } from '../../core/vm/shard.ts';
import type { ApiParts } from './parts.ts';

/** @throws {ApiProblem} `not-found` */
export async function knownVm({ vm }: ApiParts, instance: string): Promise<VmInstance> {
  const found = await vm.get(instance);
  if (found !== undefined) return found;
  throw new ApiProblem('not-found', `instance ${instance} is not divided into VM shards`);
}

/** @throws {ApiProblem | VmUnknown} */
export async function knownVmShard(parts: ApiParts, instance: string, shard: string): Promise<VmShard> {
  return shardOf(await knownVm(parts, instance), shard);
}
