import { sliceId } from '../../core/shards/slice.ts';
import { shardOf } from '../../core/vm/lifecycle.ts';
import type { VmInstance, VmSize } from '../../core/vm/shard.ts';
import { pageOf } from './page.ts';
import type { Answers, ApiParts } from './parts.ts';
import { knownVm } from './vm-known.ts';

export const VM_ANSWERS: Answers<
  | 'listVmInstances'
  | 'listVmShards'
  | 'allocateShards'
  | 'getVmShard'
  | 'resizeVmShard'
  | 'removeVmShard'
  | 'freezeVmShard'
  | 'thawVmShard'
  | 'moveVmShard'
> = {
  listVmInstances: async ({ parts: { vm }, query }) => {
    const page = pageOf(await vm.list(), query, ({ instanceID }) => instanceID);
    return { ...page, items: page.items.map(told) };
  },

  listVmShards: async ({ parts, params: { instanceID } }) => told(await knownVm(parts, instanceID)),

  allocateShards: async ({ parts: { vm }, params, body }) =>
    told(await vm.allocate(params.instanceID, body.shardConfig, body.overallInterruptibilityPolicy)),

  getVmShard: async ({ parts, params }) => toldShard(await knownVm(parts, params.instanceID), params.shard),

  resizeVmShard: ({ parts, params, body }) =>
    changed(parts, params, (vm, instance, shard) => vm.resize(instance, shard, sizesOf(body))),

  removeVmShard: ({ parts, params }) =>
    changed(parts, params, (vm, instance, shard) => vm.remove(instance, shard)),

  freezeVmShard: ({ parts, params }) =>
    changed(parts, params, (vm, instance, shard) => vm.freeze(instance, shard)),

  thawVmShard: ({ parts, params }) =>
    changed(parts, params, (vm, instance, shard) => vm.thaw(instance, shard)),

  moveVmShard: ({ parts, params, body }) =>
    changed(parts, params, (vm, instance, shard) => vm.move(instance, shard, body.to)),
};

/** Does it to a shard that is there, and tells what the shard is after it. */
async function changed(
  parts: ApiParts,
  { instanceID, shard }: { readonly instanceID: string; readonly shard: string },
  change: (vm: ApiParts['vm'], instance: string, shard: string) => Promise<VmInstance>,
) {
  const before = toldShard(await knownVm(parts, instanceID), shard);
  const after = await change(parts.vm, instanceID, shard);
  // One that nothing holds back is gone at once.
  const isThere = after.shards.some(({ shardID }) => shardID === shard);
  return isThere ? toldShard(after, shard) : { ...before, state: 'removed' as const };
}

type Asked = { readonly [K in keyof VmSize]?: number | undefined };

const sizesOf = (asked: Asked) =>
  Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined)) as Partial<VmSize>;

const toldShard = (vm: VmInstance, shard: string) => {
  const { port, version: _, ...rest } = shardOf(vm, shard);
  return { kind: 'vm' as const, ...rest, slice: sliceId(vm.instanceID, port) };
};

const told = (vm: VmInstance) => ({
  instanceID: vm.instanceID,
  shards: vm.shards.map(({ shardID }) => toldShard(vm, shardID)),
  overallInterruptibilityPolicy: { ...vm.overallInterruptibilityPolicy },
  size: vm.size,
  version: vm.version,
});
