import type { Table } from '../../adapters/aws/table.ts';
import type { OperationId, OperationInput, OperationOutput } from '../../core/api/operations.ts';
import type { SliceRisk } from '../../core/interruption/risk.ts';
import type { Clock, Workflows } from '../../core/ports.ts';
import type { Settings } from '../../core/settings/schema.ts';
import type { Seconds } from '../../core/time.ts';
import type { InterruptibilityPolicy, VmInstance, VmShardRequest, VmSize } from '../../core/vm/shard.ts';

/** What may be done with VM shards. Each throws `VmRefused`, `VmUnknown`, `VmChanged` or `IllegalTransition`. */
export interface VmShards {
  /** By instance. */
  list(): Promise<readonly VmInstance[]>;
  get(instance: string): Promise<VmInstance | undefined>;
  allocate(
    instance: string,
    shards: readonly VmShardRequest[],
    policy: InterruptibilityPolicy | undefined,
  ): Promise<VmInstance>;
  resize(instance: string, shard: string, size: Partial<VmSize>): Promise<VmInstance>;
  freeze(instance: string, shard: string): Promise<VmInstance>;
  thaw(instance: string, shard: string): Promise<VmInstance>;
  remove(instance: string, shard: string): Promise<VmInstance>;
  /** @returns the slice of the twin that is held for it */
  reserve(
    instance: string,
    shard: string,
    until: Seconds,
  ): Promise<{ readonly slice: string; readonly until: Seconds }>;
  /** @param to instance. @default the best that has room */
  move(instance: string, shard: string, to: string | undefined): Promise<VmInstance>;
}

/** What the operations work with. */
export interface ApiParts {
  readonly clock: Clock;
  readonly table: Table;
  readonly workflows: Workflows;
  /** The deployed settings as of each call. */
  readonly settings: () => Promise<Settings>;
  /** Of every serving slice, and when that was. */
  readonly risks: () => Promise<{ readonly at: Seconds; readonly risks: readonly SliceRisk[] }>;
  readonly vm: VmShards;
  /** A new id: letters a–f, digits and hyphens. */
  readonly newId: () => string;
}

/** One request, parsed. */
export type Call<K extends OperationId> = OperationInput<K> & {
  readonly parts: ApiParts;
  /** Who asks, for records. */
  readonly by: string;
  /** Where the API is. */
  readonly url: string;
};

export type Answer<K extends OperationId> = (call: Call<K>) => Promise<OperationOutput<K>>;
export type Answers<K extends OperationId> = { readonly [Id in K]: Answer<Id> };
