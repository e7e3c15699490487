import type { VmReport } from './report.ts';
import type { VmInstance } from './shard.ts';

/** What is known of a divided instance. */
export interface StoredVm {
  readonly vm: VmInstance;
  /** What its agent said last. */
  readonly report?: VmReport;
  /** Ids of its VM shards, the first to be interrupted first. */
  readonly order?: readonly string[];
}

/** The VM shards of all instances: what is wanted of each, and what its agent says. */
export interface Vms {
  list(): Promise<readonly StoredVm[]>;
  get(instanceID: string): Promise<StoredVm | undefined>;
  /**
   * Writes the next version, only if the one before it is what is there (version 1: nothing is). A repeat of one's own
   * write is as good. False: somebody else was first.
   */
  put(vm: VmInstance): Promise<boolean>;
  /** As its agent. What is wanted comes back; undefined when the instance is not divided: then nothing is written. */
  report(instanceID: string, report: VmReport): Promise<StoredVm | undefined>;
  /** Which of its VM shards are to be interrupted first. Harmless where the instance is not divided. */
  rank(instanceID: string, order: readonly string[]): Promise<void>;
  /** The instance is gone. Only if nobody wrote another version meanwhile. */
  remove(instanceID: string, version: number): Promise<void>;
}
