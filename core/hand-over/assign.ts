import type { StoredSlice } from '../ports.ts';
import type { Mode } from '../settings/schema.ts';
import { isHeld } from '../shards/held.ts';
import type { Instance } from '../shards/instance.ts';
import { ownerOf } from '../shards/placement.ts';
import { parseSliceId } from '../shards/slice.ts';
import type { Seconds } from '../time.ts';
import type { AgentState } from './agents.ts';
import { type HandOver, isOver } from './record.ts';
import type { SlotHolder } from './slots.ts';
import { fewest } from './targets.ts';
import { isSilent, TAKES_OVER } from './verdict.ts';

/** All that decides who holds the slots of a service. */
export interface SlotsSeen {
  readonly at: Seconds;
  readonly slices: ReadonlyMap<string, StoredSlice>;
  readonly instances: ReadonlyMap<string, Instance>;
  /** By instance. */
  readonly agents: ReadonlyMap<string, AgentState>;
  /** The newest of each source. */
  readonly handOvers: readonly HandOver[];
}

/** What is to be done about the slots of one shard. */
export interface Assignment {
  /** Slots that get another holder at once. `lost`: how it is known that the one before serves them no more. */
  readonly give: readonly { readonly seen: SlotHolder; readonly to: string; readonly lost?: string }[];
  /** Slices that took slots over and were left half-way into the shard. */
  readonly adopt: readonly string[];
  /** Slots to be handed over, so that each slice has as many as the others. */
  readonly even?: { readonly source: string; readonly target: string; readonly slots: readonly number[] };
}

/** Seconds after a hand-over has failed in which its source is not asked for another one for evenness. */
const AGAIN: Seconds = 600;
/** Within so many seconds after the last word of a hand-over its target's agent has said that it is in the shard. */
const JUST_TAKEN: Seconds = 60;
/** More than this share of the agents is not silent at once unless it is the table, or the network to it. */
const MOST_SILENT = 0.5;

/**
 * Who gets which slots. Those that nobody holds, or whose holder serves them no more, go to slices that serve the shard,
 * to the one with the fewest first. Where their numbers differ by more than one, the fullest hands over to the emptiest.
 *
 * A holder serves no more when its lease has ended, when EC2 has stopped it, or when its agent says that it has left the
 * shard. Where most agents of instances that run are silent at once, none of them is given up: their leases have ended
 * all the same, and they hold on to their state until the table can be reached again.
 */
export function assignSlots(
  { name, mode }: { readonly name: string; readonly mode: Mode },
  slots: readonly SlotHolder[],
  seen: SlotsSeen,
): Assignment {
  const { at, handOvers } = seen;
  const underWay = handOvers.filter((one) => one.shard === name && !isOver(one));
  const leaving = new Set(underWay.filter(({ go }) => go).map(({ source }) => source));
  const taking = new Set(underWay.map(({ target }) => target));
  const able = [...seen.slices.values()].filter(
    (item) => serves(item, name) && !isHeld(item, at) && isUp(item.slice, name, seen),
  );
  const load = new Map<string, number>(
    able.flatMap(({ slice }) => (leaving.has(slice) ? [] : [[slice, 0] as const])),
  );
  for (const { holder = '' } of slots) if (load.has(holder)) load.set(holder, load.get(holder)! + 1);

  const blind = isBlind(seen);
  const give: Assignment['give'][number][] = [];
  for (const slot of slots) {
    const lost = slot.holder === undefined ? undefined : whyLost(slot.holder, name, seen, blind);
    if (slot.holder !== undefined && lost === undefined) continue;
    const to = fewest(load);
    if (to === undefined) break;
    load.set(to, load.get(to)! + 1);
    give.push({ seen: slot, to, ...(lost !== undefined && { lost }) });
  }
  const holders = new Set(slots.flatMap(({ holder = '' }) => holder));
  const adopt = [...holders].filter((slice) => !taking.has(slice) && isHalfway(slice, name, seen));
  const even =
    mode === 'active' && give.length === 0 && underWay.length === 0 ? evenOut(slots, load, seen) : undefined;
  return { give, adopt, ...(even && { even }) };
}

const serves = ({ placement }: StoredSlice, shard: string) =>
  placement.kind === 'active' && placement.shard === shard;

/** Its agent beats and has the shard's environment active, and nobody wants its instance. */
function isUp(slice: string, shard: string, { at, agents, instances }: SlotsSeen): boolean {
  const { instance } = parseSliceId(slice);
  const agent = agents.get(instance);
  const of = instances.get(instance);
  if (of?.state !== 'running' || of.rebalanceAt !== undefined) return false;
  if (agent === undefined || agent.leaseUntil <= at || agent.noticeAt !== undefined) return false;
  return agent.slices.some((one) => one.slice === slice && one.shard === shard);
}

const RUNS: readonly Instance['state'][] = ['running', 'draining', 'interrupted'];
const runs = (instance: Instance | undefined) => instance !== undefined && RUNS.includes(instance.state);

/** Most agents of instances that run are silent: what that says of each of them is nothing. */
function isBlind({ agents, instances, at }: SlotsSeen): boolean {
  const running = [...agents.values()].filter(({ instance }) => runs(instances.get(instance)));
  const silent = running.filter((agent) => isSilent(agent, at)).length;
  return silent > 1 && silent > MOST_SILENT * running.length;
}

/** How it is known that a holder serves its slots no more; undefined where it may. */
function whyLost(
  holder: string,
  shard: string,
  { at, slices, instances, agents, handOvers }: SlotsSeen,
  blind: boolean,
): string | undefined {
  const { instance } = parseSliceId(holder);
  const agent = agents.get(instance);
  const of = instances.get(instance);
  const hasEnded = of !== undefined && !runs(of) && of.state !== 'starting';
  // A target that has everything takes the slots by itself, when the lease of a source that has ended is over.
  const switching = handOvers.some(({ source, phase }) => source === holder && phase === 'switching');
  const mayBeTaken = switching && !isSilent(agent, at - TAKES_OVER);
  if (mayBeTaken && (hasEnded || isSilent(agent, at))) return undefined;
  if (hasEnded) return `instance ${instance} is ${of.state}`;
  if (isSilent(agent, at)) {
    if (blind && runs(of)) return undefined;
    return agent === undefined
      ? `no agent was ever heard of on ${instance}`
      : `the lease of ${instance} ended at ${agent.leaseUntil}`;
  }
  // What its agent said last may be older than the slots that it has just taken over.
  if (handOvers.some((one) => one.target === holder && one.shard === shard && isRecent(one, at)))
    return undefined;
  const item = slices.get(holder);
  const isIn = item !== undefined && ownerOf(item.placement) === shard;
  const environment = agent?.slices.find(({ slice }) => slice === holder)?.shard;
  return isIn || environment === shard ? undefined : `the agent of ${instance} has left the shard`;
}

const isRecent = ({ at, progress }: HandOver, now: Seconds) =>
  now - Math.max(at, progress?.at ?? 0) < JUST_TAKEN;

/** It holds slots, its environment is active, and a workflow that has died left it without its placement. */
function isHalfway(slice: string, shard: string, seen: SlotsSeen): boolean {
  const item = seen.slices.get(slice);
  if (item === undefined || isHeld(item, seen.at) || !isUp(slice, shard, seen)) return false;
  const { placement } = item;
  if (placement.kind === 'ready' || placement.kind === 'reserved') return true;
  return placement.kind === 'activating' && placement.shard === shard;
}

function evenOut(
  slots: readonly SlotHolder[],
  load: ReadonlyMap<string, number>,
  { handOvers, at }: SlotsSeen,
): Assignment['even'] {
  const sorted = [...load].sort(([, a], [, b]) => b - a);
  const [source, most = 0] = sorted[0] ?? [];
  const [target, least = 0] = sorted.at(-1) ?? [];
  if (source === undefined || target === undefined || most - least <= 1) return undefined;
  const failed = handOvers.some(
    (one) => one.source === source && one.phase === 'failed' && at - one.at < AGAIN,
  );
  if (failed) return undefined;
  const its = slots.filter(({ holder }) => holder === source).map(({ slot }) => slot);
  return { source, target, slots: its.slice(-Math.floor((most - least) / 2)) };
}
