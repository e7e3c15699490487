import { ALL_SLICE, cgroupOf } from '../../core/vm/escape.ts';
import type { InForce } from '../../core/vm/report.ts';
import type { Machine } from './machine.ts';

/** What the kernel says of one control group, and its freezer; the same for both versions of control groups. */
export interface Cgroups {
  readonly version: 1 | 2;
  /** Limits of a VM shard as the kernel has them; undefined: it has no control group. */
  inForce(shardID: string): Promise<InForce | undefined>;
  memory(shardID: string): Promise<GroupMemory | undefined>;
  /** All VM shards together. */
  all(): Promise<GroupMemory | undefined>;
  /** Stops everything in it, or lets it go on. Harmless when it is so already, or there is no such group. */
  freeze(shardID: string, frozen: boolean): Promise<void>;
}

export interface GroupMemory {
  /** MiB in use that cannot be taken back at once. */
  readonly used: number;
  /** MiB; absent: no limit. */
  readonly limit?: number;
  /** Times that something in it was killed for want of memory; version 1 forgets it with each service that ends. */
  readonly kills?: number;
  /** Share of the last 10 s in which something in it waited for memory. */
  readonly stalled?: number;
}

export const ROOT = '/sys/fs/cgroup';
/** Kernels write "no limit" as a word or as a number near 2^63. */
const NO_LIMIT = 2 ** 60;

export const groupPath = (shardID: string | undefined) =>
  shardID === undefined ? ALL_SLICE : cgroupOf(shardID);

export function numberOf(text: string | undefined): number | undefined {
  const value = text === undefined ? Number.NaN : Number(text.trim() || Number.NaN);
  return Number.isFinite(value) && value < NO_LIMIT ? value : undefined;
}

/** One line of a file of `name value` lines. */
export function lineOf(text: string | undefined, name: string): number {
  return Number(new RegExp(`^${name} (\\d+)`, 'm').exec(text ?? '')?.[1] ?? 0);
}

/** The version that this machine's controllers are on; `unified` beside version 1 controllers counts as version 1. */
export async function cgroupVersion(machine: Pick<Machine, 'read'>): Promise<1 | 2> {
  const controllers = await machine.read(`${ROOT}/cgroup.controllers`);
  return controllers?.split(/\s+/).includes('memory') ? 2 : 1;
}
