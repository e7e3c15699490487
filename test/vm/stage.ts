import { type Settings, type SettingsInput, settingsSchema } from '../../core/settings/schema.ts';
import { allocate } from '../../core/vm/allocate.ts';
import {
  type InterruptibilityPolicy,
  interruptibilityPolicySchema,
  type VmInstance,
  type VmShardRequest,
  type VmSize,
} from '../../core/vm/shard.ts';

/** 2 vCPU and 8 GiB, as an m7i.large. */
export const LARGE: VmSize = { vCPU: 2, RAM: 8192, storage: 20_480 };

export function vmSettings(vm: NonNullable<SettingsInput['vm']> = {}): Settings {
  return settingsSchema.parse({
    service: 'test',
    shards: [{ name: 'a', capacity: { perInstance: 100 }, mode: 'active' }],
    fleet: { max: 50, interruptionsPerDay: 0 },
    vm: {
      maxPerInstance: 4,
      system: { vCPU: 0.1, RAM: 512, storage: 2048 },
      components: { search: { unit: 'search@.service' } },
      ...vm,
    },
  } satisfies SettingsInput);
}

export const policyOf = (some: Partial<InterruptibilityPolicy> = {}): InterruptibilityPolicy => ({
  ...interruptibilityPolicySchema.parse({}),
  ...some,
});

export const shard = (shardID: string, some: Partial<VmShardRequest> = {}): VmShardRequest => ({
  shardID,
  vCPU: 0.5,
  RAM: 2048,
  storage: 1024,
  priority: 100,
  applicationComponent: 'search',
  ...some,
});

export const allocated = (
  shards: readonly VmShardRequest[],
  { before, settings = vmSettings() }: { before?: VmInstance; settings?: Settings } = {},
): VmInstance => allocate(before, { instanceID: 'i-1', shards, size: LARGE }, policyOf(), settings, 1000);
