import type { AgentState } from '../../core/hand-over/agents.ts';
import type { SlotsSeen } from '../../core/hand-over/assign.ts';
import type { HandOver } from '../../core/hand-over/record.ts';
import type { SlotHolder } from '../../core/hand-over/slots.ts';
import type { StoredSlice } from '../../core/ports.ts';
import type { Instance } from '../../core/shards/instance.ts';
import type { Placement } from '../../core/shards/placement.ts';

/** Instances `i-0`, `i-1` … as the control plane sees them, each with one slice. */

export const AT = 1_790_000_000;

export const sliceOf = (i: number) => `i-${i}:8080`;

export function agentOf(i: number, changes: Partial<AgentState> & { shard?: string } = {}): AgentState {
  const { shard, ...rest } = changes;
  const slice = { slice: sliceOf(i), port: 8080, stateBytes: 1, dirtyBytesPerSecond: 0, metrics: {} };
  return {
    instance: `i-${i}`,
    bootId: 'boot',
    address: `10.0.0.${i}`,
    transferPort: 7946,
    at: AT - 5,
    leaseUntil: AT + 25,
    slices: [shard === undefined ? slice : { ...slice, shard }],
    ...rest,
  };
}

export function instanceOf(i: number, changes: Partial<Instance> = {}): Instance {
  const facts = { id: `i-${i}`, type: 'm7i.large', zone: 'a', group: 'steady', since: 0 };
  return { ...facts, state: 'running', slices: [], ...changes } as Instance;
}

export const storedOf = (i: number, placement: Placement, holder?: string): StoredSlice => ({
  slice: sliceOf(i),
  placement,
  version: 1,
  ...(holder !== undefined && { holder, holderExpires: AT + 60 }),
});

export const activeIn = (shard: string): Placement => ({ kind: 'active', since: 0, shard });

/** So many instances that serve shard `a`, with agents that beat. */
export function serving(count: number): { -readonly [K in keyof SlotsSeen]: SlotsSeen[K] } & {
  slices: Map<string, StoredSlice>;
  instances: Map<string, Instance>;
  agents: Map<string, AgentState>;
} {
  const each = Array.from({ length: count }, (_, i) => i);
  return {
    at: AT,
    slices: new Map(each.map((i) => [sliceOf(i), storedOf(i, activeIn('a'))])),
    instances: new Map(each.map((i) => [`i-${i}`, instanceOf(i)])),
    agents: new Map(each.map((i) => [`i-${i}`, agentOf(i, { shard: 'a' })])),
    handOvers: [],
  };
}

/** Slots of `a`, by the number of their holder's instance. */
export const slotsOf = (...holders: readonly (number | undefined)[]): SlotHolder[] =>
  holders.map((i, slot) => (i === undefined ? { slot, epoch: 0 } : { slot, epoch: 1, holder: sliceOf(i) }));

export const handOverOf = (source: number, target: number, changes: Partial<HandOver> = {}): HandOver => ({
  id: `${sliceOf(source)}>${sliceOf(target)}@1`,
  shard: 'a',
  source: sliceOf(source),
  target: sliceOf(target),
  slots: [{ slot: 0, epoch: 1 }],
  cause: 'interruption',
  at: AT - 10,
  go: true,
  phase: 'copying',
  secret: new Uint8Array(32),
  version: 1,
  ...changes,
});
