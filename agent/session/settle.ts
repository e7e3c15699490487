import { isOver } from '../../core/hand-over/record.ts';
import type { SlotHolder } from '../../core/hand-over/slots.ts';
import { parseSliceId } from '../../core/shards/slice.ts';
import type { Seconds } from '../../core/time.ts';
import type { Copy } from '../transfer/types.ts';
import type { KnownRecord } from './known-record.ts';
import { letGo } from './let-go.ts';
import { LEASE_MARGIN, type SessionParts } from './parts.ts';
import { persist, within } from './persist.ts';
import type { SliceRuntime } from './runtime.ts';

export interface SettleTask {
  readonly record: KnownRecord;
  readonly runtime: SliceRuntime;
  /** Absent: it was lost with the agent that had it. */
  readonly copy: Copy | undefined;
  readonly end: AbortSignal;
  /** Monotonic time at which requests were first held. */
  readonly began: Seconds;
}

/** For the target to begin to serve one slot. */
const SERVE: Seconds = 5;
/** Slots that are passed at the same time. */
const ABREAST = 8;
const LOOK: Seconds = 0.5;
/** For a target that is there and does not come to serve: longer than its hook `serve` may take by default. */
const PATIENCE: Seconds = 20;

/**
 * Passes the slots to a target that has everything, and sees to it that they are served.
 * @returns false: not one could be passed; somebody else was first.
 * @throws the reason of `end`, and nothing else
 */
export async function settle(parts: SessionParts, task: SettleTask): Promise<boolean> {
  const { record, runtime, end } = task;
  const waiting = [...record.seen.slots];
  const passed: SlotHolder[] = [];
  const lost: SlotHolder[] = [];
  runtime.table.control(
    waiting.map(({ slot }) => slot),
    true,
  );
  const unsaid: SlotHolder[] = [];
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const there = await pass(parts, task, next);
      if (there.holder === record.seen.target) {
        passed.push(there);
        if (there.epoch === next.epoch + 1 && !(await served(parts, task, there))) unsaid.push(there);
        // Whoever waits here goes there now.
        runtime.table.pass(there.slot, there.epoch, there.holder);
      } else lost.push(there);
    }
  };
  await Promise.all(Array.from({ length: Math.min(ABREAST, waiting.length) }, work));
  if (passed.length === 0 && lost.length > 0) {
    record.problem = `slot ${lost[0]!.slot} was taken by ${lost[0]!.holder ?? 'nobody'}`;
    return false;
  }
  if (unsaid.length === 0 || (await seeThrough(parts, task, { unsaid, lost }))) {
    const { progress } = record.seen;
    const pause = parts.clock.monotonic() - task.began;
    if (lost.length > 0) await record.advance({ phase: 'failed', error: lostOf(lost) }, 'failed', end);
    else
      await record.advance(
        { phase: 'done', ...(progress && { progress: { ...progress, pause } }) },
        'done',
        end,
      );
  }
  await letGo(parts, runtime, record.seen.slots, end);
  return true;
}

interface Slots {
  /** Passed; the target has not said that it serves them. */
  readonly unsaid: readonly SlotHolder[];
  readonly lost: readonly SlotHolder[];
}

const lostOf = (lost: readonly SlotHolder[]) =>
  `taken by others: ${lost.map(({ slot, holder }) => `slot ${slot} by ${holder ?? 'nobody'}`).join(', ')}`;

/** @returns who has it now */
async function pass(
  parts: SessionParts,
  { record, runtime, end }: SettleTask,
  { slot, epoch }: { readonly slot: number; readonly epoch: number },
): Promise<SlotHolder> {
  const { shard, target, source } = record.seen;
  const seen = { slot, epoch, holder: source };
  const write = () => parts.maps.pass(runtime.shard, seen, target);
  const { slot: there } = await persist(parts, `pass slot ${slot} of ${shard}`, write, end);
  return there;
}

/** Whether the target says that it serves the slot. */
async function served(
  parts: SessionParts,
  { copy, end, record }: SettleTask,
  { slot, epoch }: SlotHolder,
  isSaid = false,
): Promise<boolean> {
  if (copy === undefined) return false;
  try {
    await within(parts, SERVE, `slot ${slot} served`, end, (signal) => copy.serve(slot, epoch, signal));
    return true;
  } catch (error) {
    end.throwIfAborted();
    if (!isSaid) parts.log.warn('target-does-not-say', { id: record.seen.id, slot, epoch, error });
    return false;
  }
}

/**
 * The target does not say that it serves: it says so later, or says `done` by itself, or what it has not begun to serve is
 * taken back, because it has ended, or has left the shard, or takes too long.
 *
 * Taking back is safe at any time: the target takes a slot under an epoch of its own before it serves it, so of its write
 * and the one here, both on the epoch that was passed, one fails.
 * @returns whether it serves and the record does not say so yet
 */
async function seeThrough(parts: SessionParts, task: SettleTask, { unsaid, lost }: Slots): Promise<boolean> {
  const { record, runtime, end } = task;
  const { clock, maps } = parts;
  const { target } = record.seen;
  const since = clock.now();
  const until = clock.monotonic() + PATIENCE;
  let left = unsaid;
  let why: string | undefined;
  while (why === undefined) {
    if (isOver(await persist(parts, 'read the hand-over', () => record.read(), end))) return false;
    const said = await Promise.all(left.map((slot) => served(parts, task, slot, true)));
    const read = () => maps.read(runtime.shard, runtime.table.count);
    const map = await persist(parts, `read the slots of ${runtime.shard}`, read, end);
    left = left.flatMap((slot, i) => (said[i] ? [] : unserved(slot, map[slot.slot]!)));
    if (left.length === 0) return true;
    why = left.some(({ holder }) => holder === undefined)
      ? 'gave them back'
      : await whyNever(parts, task, since);
    if (why === undefined && clock.monotonic() >= until) why = `did not serve them within ${PATIENCE} s`;
    if (why === undefined) await clock.sleep(LOOK, end);
  }
  let back = 0;
  // What it has begun to serve it keeps: the write fails on its epoch.
  for (const seen of left) {
    const write = () => maps.pass(runtime.shard, seen, runtime.slice);
    const { ok, slot } = await persist(parts, `take slot ${seen.slot} back`, write, end);
    if (!ok) continue;
    back += 1;
    runtime.keeper.restored(slot.slot, slot.epoch);
  }
  if (back === 0) return true;
  const error =
    `${target} ${why}: ${back} of ${record.seen.slots.length} slots were taken back` +
    (lost.length > 0 ? `, ${lostOf(lost)}` : '');
  await record.advance({ phase: 'failed', error }, 'failed', end);
  return false;
}

/** What is still to be taken back of a slot that was passed: as it is held now, if nobody has served it since. */
function unserved(passed: SlotHolder, there: SlotHolder): readonly SlotHolder[] {
  // A target that leaves the shard gives back what it holds. One epoch on, it had not taken the slot yet.
  const isGivenBack = there.holder === undefined && there.epoch === passed.epoch + 1;
  return there.epoch === passed.epoch || isGivenBack ? [there] : [];
}

/** Why the target will not serve any more, as its agent says it; undefined: it may. */
async function whyNever(
  parts: SessionParts,
  { record, runtime, end }: SettleTask,
  since: Seconds,
): Promise<string | undefined> {
  const { clock, agents } = parts;
  const { target } = record.seen;
  const { instance } = parseSliceId(target);
  const agent = await persist(parts, `look at the agent of ${target}`, () => agents.get(instance), end);
  if (agent === undefined || clock.now() > agent.leaseUntil + LEASE_MARGIN)
    return 'ended before it said that it serves';
  if (agent.at < since) return undefined;
  const isIn = agent.slices.some(({ slice, shard }) => slice === target && shard === runtime.shard);
  return isIn ? undefined : `left ${runtime.shard} before it said that it serves`;
}
