import {
  BEFORE_SWITCH,
  type HandOver,
  type HandOverCause,
  type HandOverPhase,
  isOver,
} from '../core/hand-over/record.ts';
import type { SlotHolder } from '../core/hand-over/slots.ts';
import { type Target, type TargetKind, targetsFor } from '../core/hand-over/targets.ts';
import { isSilent, passedTo } from '../core/hand-over/verdict.ts';
import type { Ports } from '../core/ports.ts';
import type { Settings } from '../core/settings/schema.ts';
import { parseSliceId } from '../core/shards/slice.ts';
import type { Seconds } from '../core/time.ts';
import { event } from './events.ts';
import { claimSoon, claimTarget, letTargetGo } from './hand-over-target.ts';
import { LOOK_EVERY, type Look, lookIn } from './poll.ts';
import { modesOf, type Switched } from './snapshot.ts';

/**
 * A slice of a stateful shard leaves: its slots go to another one, with their state.
 *
 * Lifecycle: `openHandOver` (find a target, open or join the record, claim the target) → `awaitHandOver` until the agents
 * have done it → `redirectTraffic` until the target serves → `openHandOver` once more, which finds no slots left, or
 * those that the first target did not take. Each may be repeated and killed half-way; none waits.
 *
 * Invariants: the record decides which target there is, the claim in the store that nobody else gets it, the slots who
 * has the state. Where record and claim do not agree, the record fails and another target is tried.
 */

/** What the steps carry of a slice that leaves. */
export interface Departing {
  readonly slice: string;
  readonly shard: string;
  readonly cause: HandOverCause;
  /** The instance ends then at the latest. Absent: there is no clock. */
  readonly deadline?: Seconds;
  /** The hand-over is given up then. */
  readonly by: Seconds;
  /** A target is waited for until then: the plan brings a replacement, which may take the state. @default not at all */
  readonly drainAt?: Seconds;
  /** The workflow that holds the slice meanwhile, so that nobody else takes it out. @default nobody */
  readonly holder?: string;
  /** Only these slots, to this slice; the source stays. */
  readonly part?: { readonly target: string; readonly slots: readonly number[] };
}

export interface HandOverWorld {
  readonly ports: Ports;
  readonly settings: Settings;
  readonly switched: Switched;
}

export type Opened =
  /** A hand-over is under way. */
  | {
      readonly outcome: 'copying';
      readonly id: string;
      readonly target: string;
      /** Numbers of the slots that it hands over. Absent in executions that began before it was said. */
      readonly slots?: readonly number[] | undefined;
      /** Targets that failed before. */
      readonly failed: readonly string[];
    }
  /** The slice holds nothing; or nothing any more, and may go at once. */
  | { readonly outcome: 'empty' | 'handed-over' }
  /** Nobody can take over yet; or it holds nothing yet, and is just being given something. */
  | ({ readonly outcome: 'waiting'; readonly failed: readonly string[] } & Look)
  /** It holds slots that nobody can take over in time. */
  | { readonly outcome: 'refused'; readonly error: string };

/** What came of the targets that were tried before. */
export interface Before {
  readonly failed: readonly string[];
  /** Of the last one. */
  readonly error?: string;
  /** One of them has taken slots over. */
  readonly done?: boolean;
}

/** Targets that are tried before it is given up. */
const MOST_FAILED = 3;
/** A hand-over that has less time left than this is not begun (s). */
const SHORTEST: Seconds = 5;
/** Seconds in which a hand-over that the agents have carried out by themselves is of this notice. */
const RECENT: Seconds = 600;
/** The claim on a target outlasts the hand-over by this (s), so that its end can be written. */
const AFTER: Seconds = 120;

const INTERRUPTED: readonly TargetKind[] = ['reserved', 'ready', 'active'];

/** Slots of the shard, and how they are held; undefined where it has no state to copy, or is not to be touched. */
export async function slotsOf(
  { ports, settings, switched }: HandOverWorld,
  { shard, cause }: Pick<Departing, 'shard' | 'cause'>,
): Promise<readonly SlotHolder[] | undefined> {
  const its = settings.shards.find(({ name }) => name === shard);
  if (its?.handOver.state !== 'copy') return undefined;
  // What is planned is not planned in shadow.
  if (cause !== 'planned' && modesOf(settings, switched).get(shard) === 'shadow') return undefined;
  return ports.slots.read(shard, its.handOver.slots.count);
}

/**
 * Opens the hand-over of what the slice still holds, or joins the one that is under way, and has it carried out.
 * @param kinds who may take over
 */
export async function openHandOver(
  world: HandOverWorld,
  leaving: Departing,
  { failed, error: last, done = false }: Before = { failed: [] },
  kinds: readonly TargetKind[] = INTERRUPTED,
): Promise<Opened> {
  const { ports } = world;
  const { slice, shard, part, by } = leaving;
  // Until then it is waited for who takes over, or what comes.
  const latest = leaving.cause === 'interruption' ? (leaving.drainAt ?? 0) : 0;
  const slots = await slotsOf(world, leaving);
  const wanted = slots?.filter(
    ({ slot, holder }) => holder === slice && (part?.slots.includes(slot) ?? true),
  );
  const stay = async () => {
    if (leaving.holder !== undefined) await ports.store.release(slice, leaving.holder);
  };
  if (slots === undefined || wanted === undefined || wanted.length === 0) {
    if (part !== undefined) await stay();
    const ended = slots && !done ? await endedOf(ports, leaving, slots) : undefined;
    if (ended !== undefined) return ended;
    const look = lookIn(LOOK_EVERY, ports.clock.now());
    if (slots !== undefined && look.lookAt < latest && (await isReceiving(ports, leaving, done)))
      return { outcome: 'waiting', failed, ...look };
    return { outcome: done ? 'handed-over' : 'empty' };
  }
  const refuse = async (error: string): Promise<Opened> => {
    if (leaving.cause === 'planned') await stay();
    await tellFailed(ports, leaving, { slots: wanted, error });
    return { outcome: 'refused', error };
  };
  const begun = await ports.handOvers.get(slice);
  const join = async (phases: readonly HandOverPhase[]): Promise<Opened | undefined> => {
    if (begun === undefined || !phases.includes(begun.phase)) return undefined;
    return (await hasEnded(ports, begun, slots)) ? undefined : take(ports, leaving, begun, failed);
  };
  // Its target may have everything: neither the deadline nor the source's end is in its way.
  const switching = await join(['switching']);
  if (switching !== undefined) return switching;
  const now = ports.clock.now();
  // What took too long to one target takes too long to another.
  if (last === 'deadline' || failed.length >= MOST_FAILED)
    return refuse(`${failed.length} targets have failed, the last one: ${last}`);
  if (now + SHORTEST > by) return refuse(`no time is left: it is ${now}, and has to be over by ${by}`);
  const { instance } = parseSliceId(slice);
  if (isSilent(await ports.agents.get(instance), now)) return refuse(`the agent of ${instance} is silent`);

  await holdSource(ports, leaving);
  const joined = await join(BEFORE_SWITCH);
  if (joined !== undefined) return joined;
  const { cause, deadline } = leaving;
  const all =
    part === undefined ? await targetsOf(world, leaving, slots, wanted, kinds) : [only(part, wanted)];
  for (const target of all) {
    if (failed.includes(target.slice)) continue;
    const result = await ports.handOvers.open({
      shard,
      source: slice,
      target: target.slice,
      slots: target.slots.map(({ slot, epoch }) => ({ slot, epoch })),
      cause,
      at: ports.clock.now(),
      ...(deadline !== undefined && { deadline }),
      go: true,
    });
    if (result.outcome === 'taken') continue;
    const opened = await take(ports, leaving, result.handOver, failed);
    if (opened !== undefined) return opened;
  }
  const later = lookIn(LOOK_EVERY, ports.clock.now());
  if (later.lookAt < latest) return { outcome: 'waiting', failed, ...later };
  return refuse('no slice can take over');
}

/**
 * The agents were faster than the machine: the slots are with a target that nobody has claimed yet. It is followed like
 * one that was opened here, to its end at once.
 */
async function endedOf(
  ports: Ports,
  { slice, by }: Departing,
  slots: readonly SlotHolder[],
): Promise<Opened | undefined> {
  const last = await ports.handOvers.get(slice);
  if (last === undefined || ports.clock.now() - last.at > RECENT) return undefined;
  if (passedTo({ handOver: last, slots }).length === 0) return undefined;
  await claimTarget(ports, last, by + AFTER);
  return { outcome: 'copying', id: last.id, target: last.target, slots: numbers(last.slots), failed: [] };
}

/** It takes over itself, or enters its shard, and has not handed on what it got there. */
async function isReceiving(ports: Ports, { slice, shard }: Departing, done: boolean): Promise<boolean> {
  if ((await ports.handOvers.of(slice)) !== undefined) return true;
  const placement = (await ports.store.get(slice))?.placement;
  return !done && placement?.kind === 'activating' && placement.shard === shard;
}

/** None of its slots is with its source any more, and nobody has written its end: so it is written. */
async function hasEnded(ports: Ports, handOver: HandOver, slots: readonly SlotHolder[]): Promise<boolean> {
  const { source, id } = handOver;
  if (handOver.slots.some(({ slot }) => slots[slot]?.holder === source)) return false;
  const isDone = passedTo({ handOver, slots }).length === handOver.slots.length;
  const now = isDone ? await ports.handOvers.advance(source, id, { phase: 'done' }) : handOver;
  const error = 'its slots are held by others';
  if (now !== undefined && !isOver(now))
    await ports.handOvers.advance(source, id, { phase: 'failed', error });
  return true;
}

/** Where another workflow holds it, it is a move that hands over too: the record is the same. */
async function holdSource({ store }: Ports, { slice, holder, by }: Departing): Promise<void> {
  const seen = await store.get(slice);
  if (holder === undefined || seen === undefined || seen.holder === holder) return;
  await store.claim(slice, seen.version, holder, by);
}

const only = ({ target }: NonNullable<Departing['part']>, slots: readonly SlotHolder[]): Target => ({
  slice: target,
  slots,
});

export async function targetsOf(
  { ports }: HandOverWorld,
  { slice, shard }: Departing,
  slots: readonly SlotHolder[],
  wanted: readonly SlotHolder[],
  kinds: readonly TargetKind[],
): Promise<readonly Target[]> {
  const [slices, instances, agents] = await Promise.all([
    ports.store.slices(),
    ports.fleet.list(),
    ports.agents.list(),
  ]);
  const choice = { shard, source: slice, kinds, slots, wanted, slices, instances, agents };
  return targetsFor(choice, ports.clock.now());
}

/** The record is there, whoever opened it: it is to go, its source is told, its target is ours. Undefined: it is not. */
async function take(
  ports: Ports,
  leaving: Departing,
  { id, target, shard, deadline: said }: HandOver,
  failed: readonly string[],
): Promise<Opened | undefined> {
  const { slice, deadline, by, part } = leaving;
  // What is copied for another reason is not hurried for evenness.
  if (part !== undefined && part.target !== target) return undefined;
  const go = { go: true, ...(deadline !== undefined && deadline !== said && { deadline }) };
  const record = await ports.handOvers.advance(slice, id, go);
  if (record === undefined || isOver(record)) return undefined;
  await ports.agents.order(slice, { handOver: id });
  if (!(await claimSoon(ports, record, by + AFTER))) {
    const error = `${target} was given to another`;
    const ended = await ports.handOvers.advance(slice, id, { phase: 'failed', error }, BEFORE_SWITCH);
    // What the agents switch already they bring to its end: it is followed.
    if (ended === undefined || ended.phase === 'failed') {
      await tellFailed(ports, leaving, { ...record, error });
      await letTargetGo(ports, record);
      return undefined;
    }
  }
  const { cause } = leaving;
  const detail = { handOver: id, shard, source: slice, target, slots: numbers(record.slots), cause };
  const started = { ...detail, ...(record.deadline !== undefined && { deadline: record.deadline }) };
  await ports.events.publish([event('HandOverStarted', ports.clock.now(), started)]);
  return { outcome: 'copying', id, target, slots: numbers(record.slots), failed };
}

export const numbers = (slots: readonly { readonly slot: number }[]) => slots.map(({ slot }) => slot);

/** Publishes that slots stay where they are. */
export async function tellFailed(
  ports: Ports,
  { slice, shard, cause }: Departing,
  failed: {
    readonly id?: string;
    readonly target?: string;
    readonly slots: readonly { readonly slot: number }[];
    readonly error: string;
  },
): Promise<void> {
  const { id, target, slots, error } = failed;
  const detail = {
    ...(id !== undefined && { handOver: id }),
    shard,
    source: slice,
    ...(target !== undefined && { target }),
    slots: numbers(slots),
    cause,
    error,
  };
  await ports.events.publish([event('HandOverFailed', ports.clock.now(), detail)]);
}
