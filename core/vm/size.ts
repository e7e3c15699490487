import type { Settings } from '../settings/schema.ts';
import { RESOURCES, type VmSize } from './shard.ts';

/** MiB per vCPU of the families whose sizes are multiples of each other. */
const MIB_PER_VCPU: Readonly<Record<string, number>> = { c: 2048, m: 4096, r: 8192 };
const SMALL: Readonly<Record<string, number>> = { medium: 1, large: 2, xlarge: 4 };

/** vCPU and MiB of the burstable types, which are no multiples of each other. */
const BURSTABLE: Readonly<Record<string, readonly [number, number]>> = {
  nano: [2, 512],
  micro: [2, 1024],
  small: [2, 2048],
  medium: [2, 4096],
  large: [2, 8192],
  xlarge: [4, 16_384],
  '2xlarge': [8, 32_768],
};

/** vCPU and memory (MiB) of common EC2 instance types by their name; undefined for others, and for bare metal. */
export function usualSize(type: string): Pick<VmSize, 'vCPU' | 'RAM'> | undefined {
  const [, family = '', , size = ''] = /^([a-z]+)(\d+[a-z-]*)\.([a-z0-9-]+)$/.exec(type) ?? [];
  if (family === 't') {
    const [vCPU, RAM] = BURSTABLE[size] ?? [];
    return vCPU === undefined || RAM === undefined ? undefined : { vCPU, RAM };
  }
  const perVcpu = MIB_PER_VCPU[family];
  const vCPU = SMALL[size] ?? 4 * Number(/^(\d+)xlarge$/.exec(size)?.[1] ?? Number.NaN);
  return perVcpu === undefined || !Number.isFinite(vCPU) ? undefined : { vCPU, RAM: vCPU * perVcpu };
}

/**
 * Resources of an instance: what its agent measured, else what the settings say of its type, else what is usual.
 * @returns undefined when nobody knows.
 */
export function sizeOfInstance(
  type: string,
  { fleet, vm }: Pick<Settings, 'fleet' | 'vm'>,
  measured?: VmSize,
): VmSize | undefined {
  if (measured !== undefined) return measured;
  const known = fleet.instanceTypes.find((one) => one.type === type)?.size;
  const usual = known ?? usualSize(type);
  return usual && { vCPU: usual.vCPU, RAM: usual.RAM, storage: known?.storage ?? vm.storage };
}

/** What is left of a VM for its shards, in the order allocated. Never below 0. */
export function freeOf(size: VmSize, system: VmSize, taken: readonly VmSize[]): VmSize {
  const left = { ...size };
  for (const part of [system, ...taken]) for (const one of RESOURCES) left[one] -= part[one];
  // Sums of tenths of a vCPU are off by a rounding error.
  for (const one of RESOURCES) left[one] = Math.max(0, Math.round(left[one] * 1e6) / 1e6);
  return left;
}

export const fits = (part: VmSize, free: VmSize) => RESOURCES.every((one) => part[one] <= free[one] + 1e-9);
