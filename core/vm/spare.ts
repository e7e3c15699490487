import type { SpotPool } from '../interruption/risk.ts';
import { poolKey } from '../interruption/risk.ts';
import type { Settings } from '../settings/schema.ts';
import type { VmInstance, VmSize } from './shard.ts';
import { fits, freeOf } from './size.ts';

/** An instance that may take a VM shard over. */
export interface VmHost {
  readonly vm: Pick<VmInstance, 'instanceID' | 'shards' | 'size'>;
  readonly zone: string;
  /** Absent: On-Demand. */
  readonly pool?: SpotPool;
  /** It is about to go, or its memory runs out. */
  readonly leaving?: boolean;
}

/**
 * Hosts with the vCPUs, memory and disk that a VM shard will need, in another Spot pool than the one it would be lost
 * with: best first. On-Demand before Spot, the same zone before others (its state has to get there), then the one that
 * is left with the least: large gaps stay for large shards.
 * @param need what it will need, of {@link predictedNeed}, or its declared size where that is larger
 */
export function spareFor(
  hosts: readonly VmHost[],
  from: { readonly instanceID: string; readonly zone: string; readonly pool?: SpotPool },
  need: VmSize,
  { vm: { system, maxPerInstance } }: Pick<Settings, 'vm'>,
): readonly VmHost[] {
  const risky = from.pool && poolKey(from.pool);
  return hosts
    .filter(
      ({ vm, pool, leaving }) =>
        vm.instanceID !== from.instanceID &&
        !leaving &&
        vm.shards.length < maxPerInstance &&
        (pool === undefined || poolKey(pool) !== risky),
    )
    .map((host) => ({ host, free: freeOf(host.vm.size, system, host.vm.shards) }))
    .filter(({ free }) => fits(need, free))
    .sort(
      (a, b) =>
        Number(a.host.pool !== undefined) - Number(b.host.pool !== undefined) ||
        Number(a.host.zone !== from.zone) - Number(b.host.zone !== from.zone) ||
        share(a.free, a.host) - share(b.free, b.host) ||
        (a.host.vm.instanceID < b.host.vm.instanceID ? -1 : 1),
    )
    .map(({ host }) => host);
}

const share = (free: VmSize, { vm: { size } }: VmHost) =>
  Math.max(free.vCPU / size.vCPU, free.RAM / size.RAM);
