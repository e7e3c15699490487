import type { Seconds } from '../time.ts';
import type { PressureStep, VmSize } from './shard.ts';

/** What the machine enforces, read back from it. Absent: it enforces nothing of the kind. */
export interface InForce {
  /** vCPUs. */
  readonly vCPU?: number;
  /** Weight under contention, 1 to 10,000. */
  readonly cpuWeight?: number;
  /** MiB. */
  readonly RAM?: number;
  readonly tasks?: number;
  /** MiB of the filesystem that is its disk. */
  readonly storage?: number;
}

/** What an agent says of one VM shard. */
export interface VmShardReport {
  readonly state: 'running' | 'frozen' | 'shrunk' | 'evicted' | 'failed';
  /** Version of the shard that was applied last. */
  readonly version: number;
  /** Under pressure: the last step that was taken. */
  readonly step?: PressureStep;
  readonly inForce?: InForce;
  /** MiB in use. */
  readonly memory?: number;
  /** Times that systemd had to start its component again since it was put there. */
  readonly restarts?: number;
  /** Times that something in it was killed for want of memory; control groups version 1 do not tell. */
  readonly kills?: number;
  /** What is not as it should be, for people. */
  readonly error?: string;
}

/** What an agent says of its instance's VM shards. A shard that was taken down is not in it. */
export interface VmReport {
  readonly at: Seconds;
  /** As measured on the machine. */
  readonly size: VmSize;
  /** Limits are enforced by cgroup version 1 or 2. */
  readonly cgroup: 1 | 2;
  /** Version of the instance's VM shards that it knows. */
  readonly version: number;
  /** Since when memory runs out. */
  readonly pressureSince?: Seconds;
  readonly shards: Readonly<Record<string, VmShardReport>>;
}
