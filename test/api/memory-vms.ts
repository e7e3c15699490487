import type { Clock } from '../../core/ports.ts';
import { allocate } from '../../core/vm/allocate.ts';
import { forget, resize, vmShardTo } from '../../core/vm/lifecycle.ts';
import { interruptibilityPolicySchema, type VmInstance } from '../../core/vm/shard.ts';
import type { VmShards } from '../../lambdas/api/parts.ts';
import { settingsOf } from '../routes/factories.ts';

const { vm } = {
  ...settingsOf([{ name: 'cart' }]),
  vm: {
    ...settingsOf([{ name: 'cart' }]).vm,
    maxPerInstance: 8,
    components: {
      search: {
        unit: 'search@.service',
        usage: {
          vCPU: { p50: 0.2, p95: 0.4 },
          RAM: { p50: 200, p95: 400 },
          storage: { p50: 0, p95: 0 },
        },
      },
    },
  },
};
const SIZE = { vCPU: 4, RAM: 16_384, storage: 8192 };

/** VM shards in memory, by the rules of core/vm; removed ones are gone at once. */
export function memoryVms(clock: Clock): VmShards {
  const vms = new Map<string, VmInstance>();
  const put = (next: VmInstance) => {
    vms.set(next.instanceID, next);
    return next;
  };
  const to =
    (state: 'frozen' | 'running' | 'moving', movesTo?: string) => async (id: string, shard: string) =>
      put(vmShardTo(vms.get(id)!, shard, state, clock.now(), movesTo));
  return {
    list: async () => [...vms.values()],
    get: async (id) => vms.get(id),
    allocate: async (instanceID, shards, policy) =>
      put(
        allocate(
          vms.get(instanceID),
          { instanceID, shards, size: SIZE, policy },
          interruptibilityPolicySchema.parse({}),
          { vm },
          clock.now(),
        ),
      ),
    resize: async (id, shard, size) => put(resize(vms.get(id)!, shard, size, { vm })),
    freeze: to('frozen'),
    thaw: to('running'),
    remove: async (id, shard) => put(forget(vms.get(id)!, shard)),
    reserve: async (_id, _shard, until) => ({ slice: 'i-f:8080', until }),
    move: async (id, shard, host = 'i-f') => to('moving', `${host}:8080`)(id, shard),
  };
}
