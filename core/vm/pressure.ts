import type { Seconds } from '../time.ts';
import type { VmReport } from './report.ts';
import { type InterruptibilityPolicy, type PressureStep, STEPS, type VmShard } from './shard.ts';

/** The machine's memory at one moment. */
export interface MemorySeen {
  readonly at: Seconds;
  /** Share of the memory in use that cannot be taken back at once. */
  readonly used: number;
  /** Share of the last 10 s in which something waited for memory (PSI, `some`); absent where the kernel does not tell. */
  readonly stalled?: number;
}

/** What was done so far. */
export interface PressureState {
  /** Since when there is pressure. */
  readonly since?: Seconds;
  /** The last moment with pressure. */
  readonly lastAt?: Seconds;
  /** When the last step was taken, forth or back. */
  readonly steppedAt?: Seconds;
  /** Steps taken and not taken back, in order. */
  readonly taken: readonly { readonly shardID: string; readonly step: PressureStep }[];
}

export const AT_EASE: PressureState = { taken: [] };

/** One thing to do: a step, or the last one taken back. */
export type PressureAct = {
  readonly shardID: string;
  readonly step: PressureStep;
  readonly undo: boolean;
};

/**
 * What to do about memory: one step at a time, each with time to help. The first of the order is frozen (it asks for no
 * more), shrunk (what it can do without is taken from it), evicted; then the next one. Without pressure for a while the
 * steps are taken back, last one first, each with time to show whether it was too early.
 *
 * What is moving, or on its way out, is left alone, and so is what the policy protects.
 * @param order ids of VM shards, the first to be interrupted first; those that are missing in it come last, by priority
 */
export function underPressure(
  before: PressureState,
  seen: MemorySeen,
  shards: readonly VmShard[],
  order: readonly string[],
  policy: InterruptibilityPolicy,
): { readonly state: PressureState; readonly act?: PressureAct } {
  const { at } = seen;
  const known = new Set(shards.map(({ shardID }) => shardID));
  const taken = before.taken.filter(({ shardID }) => known.has(shardID));
  const pressed = seen.used > policy.memoryAbove || (seen.stalled ?? 0) > policy.stallAbove;
  const stepped = before.steppedAt ?? Number.NEGATIVE_INFINITY;
  if (pressed) {
    const state: PressureState = { ...before, since: before.since ?? at, lastAt: at, taken };
    if (at - stepped < policy.settle) return { state };
    const next = nextStep(taken, shards, order, policy);
    if (next === undefined) return { state };
    return { state: { ...state, steppedAt: at, taken: [...taken, next] }, act: { ...next, undo: false } };
  }
  const eased = at - (before.lastAt ?? Number.NEGATIVE_INFINITY) >= policy.relief;
  const { since: _, ...calm } = before;
  if (!eased) return { state: { ...before, taken } };
  const last = taken.at(-1);
  if (last === undefined) return { state: { taken } };
  if (at - stepped < policy.relief) return { state: { ...calm, taken } };
  return { state: { ...calm, steppedAt: at, taken: without(taken, last) }, act: { ...last, undo: true } };
}

/** What was evicted begins anew: nothing else of what was done to it is left. */
function without(
  taken: PressureState['taken'],
  last: PressureState['taken'][number],
): PressureState['taken'] {
  if (last.step === 'evict') return taken.filter(({ shardID }) => shardID !== last.shardID);
  return taken.slice(0, -1);
}

function nextStep(
  taken: PressureState['taken'],
  shards: readonly VmShard[],
  order: readonly string[],
  policy: InterruptibilityPolicy,
): { readonly shardID: string; readonly step: PressureStep } | undefined {
  for (const { shardID } of inOrder(shards, order)) {
    const { state, priority } = shards.find((one) => one.shardID === shardID)!;
    if (state !== 'running' || priority >= policy.protectFrom) continue;
    const done = taken.filter((one) => one.shardID === shardID).map(({ step }) => step);
    const from = Math.max(-1, ...done.map((step) => STEPS.indexOf(step)));
    const step = STEPS.find((one, i) => i > from && policy.steps.includes(one));
    if (step !== undefined) return { shardID, step };
  }
  return undefined;
}

/** All shards in the order in which they are interrupted. */
export function inOrder(shards: readonly VmShard[], order: readonly string[]): readonly VmShard[] {
  const place = (id: string) => {
    const i = order.indexOf(id);
    return i < 0 ? order.length : i;
  };
  return [...shards].sort(
    (a, b) =>
      place(a.shardID) - place(b.shardID) || a.priority - b.priority || (a.shardID < b.shardID ? -1 : 1),
  );
}

/** The shard that should go elsewhere first: under pressure, and interrupted because of it. */
export function firstToMove(vm: readonly VmShard[], report: VmReport): VmShard | undefined {
  if (report.pressureSince === undefined) return undefined;
  return vm.find(({ shardID, state }) => state === 'running' && report.shards[shardID]?.step !== undefined);
}
