import type { DeclaredSlice, Layouts } from '../shards/slice.ts';
import type { VmReport } from './report.ts';
import type { VmInstance, VmShard } from './shard.ts';
import type { StoredVm } from './store.ts';

/**
 * The slices of divided instances, as the planner takes them. The part of an instance that a VM shard is, is the larger
 * of its parts of vCPU and memory: what it takes away from others. An instance without VM shards is divided as the
 * settings say.
 */
export function layoutsOf(vms: readonly StoredVm[]): Layouts {
  return new Map(
    vms
      .filter(({ vm }) => vm.shards.length > 0)
      .map(({ vm, report }) => [vm.instanceID, vm.shards.map((shard) => sliceOf(shard, vm, report))]),
  );
}

function sliceOf(shard: VmShard, { size }: VmInstance, report: VmReport | undefined): DeclaredSlice {
  const part = Math.min(1, Math.max(shard.vCPU / size.vCPU, shard.RAM / size.RAM));
  return { port: shard.port, part, use: useOf(shard, report) };
}

/**
 * What is frozen has left its traffic before, and what takes over from another is in the hands of that hand-over. What
 * the agent had to interrupt is replaced by the plan, and left alone: its hooks would not answer.
 */
function useOf({ shardID, state, movesFrom }: VmShard, report: VmReport | undefined): DeclaredSlice['use'] {
  if (state === 'freezing' || state === 'removing') return 'leaving';
  if (state === 'frozen' || state === 'removed' || movesFrom !== undefined) return 'hidden';
  const seen = report?.shards[shardID]?.state;
  return seen === 'frozen' || seen === 'evicted' || seen === 'failed' ? 'hidden' : 'planned';
}
