import type { Layouts } from '../shards/slice.ts';
import { isInPlan } from './lifecycle.ts';
import type { VmReport } from './report.ts';
import type { VmInstance } from './shard.ts';

/**
 * The slices of divided instances, as the planner takes them. The part of an instance that a VM shard is, is the larger
 * of its parts of vCPU and memory: what it takes away from others. One that its agent had to interrupt is not in the
 * plan until it is back. An instance without VM shards is divided as the settings say.
 */
export function layoutsOf(
  vms: readonly { readonly vm: VmInstance; readonly report?: VmReport | undefined }[],
): Layouts {
  return new Map(
    vms
      .filter(({ vm }) => vm.shards.length > 0)
      .map(({ vm, report }) => [
        vm.instanceID,
        vm.shards.map((shard) => ({
          port: shard.port,
          part: Math.min(1, Math.max(shard.vCPU / vm.size.vCPU, shard.RAM / vm.size.RAM)),
          out: !isInPlan(shard) || isInterrupted(report, shard.shardID),
        })),
      ]),
  );
}

const isInterrupted = (report: VmReport | undefined, shardID: string) => {
  const state = report?.shards[shardID]?.state;
  return state === 'frozen' || state === 'evicted' || state === 'failed';
};
