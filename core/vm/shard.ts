import * as z from 'zod';
import { NAME } from '../settings/name.ts';
import type { Seconds } from '../time.ts';

/**
 * VM shards: declared parts of one instance, each with limits of its own that the machine enforces, and each
 * interruptible alone. To the planner one is a slice (`instance:port`) of a declared size.
 *
 * RAM and storage are MiB; vCPU is in vCPUs of the instance.
 */

const name = z.string().regex(NAME, '1–32 letters, digits or hyphens, not starting or ending with a hyphen');

/** Name of a VM shard in full, where a bare name could mean a service's shard. */
export const vmShardName = (instanceID: string, shardID: string) => `${instanceID}/${shardID}`;

export const vmShardFields = {
  shardID: name.describe('Name of the VM shard, unique on its instance.'),
  vCPU: z.number().min(0.05).max(1024).describe('vCPUs that it may use; it gets them under contention too.'),
  RAM: z.int().min(16).max(33_554_432).describe('MiB of memory; above them something in it is killed.'),
  storage: z.int().min(0).max(67_108_864).describe('MiB of the disk; 0: no directory of its own.'),
  priority: z.int().min(0).max(1000).default(100).describe('Higher is interrupted later.'),
  applicationComponent: name.describe(
    'Component of the application that runs in it: a key of vm.components.',
  ),
};

/** What a VM shard is, as declared. */
export const vmShardSchema = z.strictObject(vmShardFields);
export type VmShardConfig = z.infer<typeof vmShardSchema>;

/** As asked for: a size that is left out is proposed from the component's profile. */
export const vmShardRequestSchema = z.strictObject({
  ...vmShardFields,
  vCPU: vmShardFields.vCPU.optional(),
  RAM: vmShardFields.RAM.optional(),
  storage: vmShardFields.storage.optional(),
});
export type VmShardRequest = z.infer<typeof vmShardRequestSchema>;

/** What may be done to the VM shards of an instance while its memory runs out, one step after the other. */
export const STEPS = ['freeze', 'shrink', 'evict'] as const;
export type PressureStep = (typeof STEPS)[number];

export const interruptibilityPolicySchema = z
  .strictObject({
    steps: z
      .array(z.enum(STEPS))
      .default([...STEPS])
      .describe('What may be done under pressure, always in the order freeze, shrink, evict.'),
    protectFrom: z
      .int()
      .min(0)
      .max(1001)
      .default(1001)
      .describe('VM shards of this priority and above are left alone under pressure; 1001: none is.'),
    memoryAbove: z
      .number()
      .min(0.5)
      .max(1)
      .default(0.92)
      .describe('Share of the instance’s memory in use above which there is pressure.'),
    stallAbove: z
      .number()
      .min(0)
      .max(1)
      .default(0.2)
      .describe(
        'Share of time in which something waits for memory (PSI, 10 s) above which there is pressure.',
      ),
    settle: z
      .number()
      .min(1)
      .max(600)
      .default(10)
      .describe('Seconds that each step is given to help before the next one.'),
    relief: z
      .number()
      .min(1)
      .max(3600)
      .default(60)
      .describe('Seconds without pressure after which the last step is taken back.'),
  })
  .describe('What may be interrupted on this instance, and when.');
export type InterruptibilityPolicy = z.infer<typeof interruptibilityPolicySchema>;

/** Resources of a VM, or of a part of one. */
export interface VmSize {
  readonly vCPU: number;
  /** MiB. */
  readonly RAM: number;
  /** MiB. */
  readonly storage: number;
}
export const RESOURCES = ['vCPU', 'RAM', 'storage'] as const satisfies readonly (keyof VmSize)[];

/**
 * Where a VM shard stands, as the control plane wants it.
 *
 * Lifecycle: `running` ⇄ `freezing` → `frozen` → `running`; `running` → `moving` → `removed` (or back); each →
 * `removing` → `removed` → gone. In `freezing` and `removing` it leaves the traffic first; its agent acts at `frozen`
 * and `removed`.
 */
export type VmShardState = 'running' | 'freezing' | 'frozen' | 'moving' | 'removing' | 'removed';

export interface VmShard extends VmShardConfig {
  /** Of its slice: `instanceID:port`. */
  readonly port: number;
  readonly state: VmShardState;
  /** When it entered this state. */
  readonly since: Seconds;
  /** Of {@link VmInstance} when the shard was changed last; the agent says which one it has applied. */
  readonly version: number;
  /** While `moving`: the slice that takes over. */
  readonly movesTo?: string;
  /** Of a twin, which takes over from a shard on another instance: that one's slice. */
  readonly movesFrom?: string;
  /** Of a twin that is held as a reserve: until then. */
  readonly heldUntil?: Seconds;
}

/** One instance that is divided into VM shards. */
export interface VmInstance {
  readonly instanceID: string;
  readonly shards: readonly VmShard[];
  readonly overallInterruptibilityPolicy: InterruptibilityPolicy;
  /** Of the whole VM. */
  readonly size: VmSize;
  /** Rises by one with every change; a conditional write names the one that it saw. */
  readonly version: number;
}
