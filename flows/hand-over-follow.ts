import type { AgentState } from '../core/hand-over/agents.ts';
import type { HandOver } from '../core/hand-over/record.ts';
import { isSilent, passedTo, verdictOf } from '../core/hand-over/verdict.ts';
import type { Ports } from '../core/ports.ts';
import type { Settings } from '../core/settings/schema.ts';
import { parseSliceId } from '../core/shards/slice.ts';
import type { Seconds } from '../core/time.ts';
import { event } from './events.ts';
import { type Departing, type HandOverWorld, numbers, type Opened, tellFailed } from './hand-over.ts';
import { commitTarget, holderOf, isComing, letTargetGo, registerTarget } from './hand-over-target.ts';
import { SliceLost } from './move-steps.ts';
import { type Look, lookIn } from './poll.ts';

type Copying = Extract<Opened, { outcome: 'copying' }>;
/** The hand-over that was opened. */
export type Ours = Pick<Copying, 'id' | 'target' | 'slots'>;

interface Again extends Look {
  readonly outcome: 'again';
}

export type Awaited =
  | Again
  /** The target has the slots, or some of them: traffic may go there. */
  | { readonly outcome: 'done' }
  | { readonly outcome: 'failed'; readonly error: string };

export type Redirected = Again | { readonly outcome: 'done' | 'lost' };

/** Seconds between two looks: with a clock, and without one after its first seconds. */
const SOON: Seconds = 2;
const LATER: Seconds = 10;
const FIRST: Seconds = 30;

const again = (now: Seconds, wait: Seconds): Again => ({ outcome: 'again', ...lookIn(wait, now) });

/** How the agents' copy stands. Once the target's environment is active it is registered, so that it is healthy in time. */
export async function awaitHandOver(world: HandOverWorld, leaving: Departing, ours: Ours): Promise<Awaited> {
  const { ports, settings } = world;
  const { slice, shard, by, deadline } = leaving;
  const [handOver, slots, source, target] = await Promise.all([
    ports.handOvers.get(slice),
    ports.slots.read(shard, countOf(settings, shard)),
    ports.agents.get(parseSliceId(slice).instance),
    ports.agents.get(parseSliceId(ours.target).instance),
  ]);
  const now = ports.clock.now();
  if (handOver?.id !== ours.id) {
    // Over, and followed by another one. The target may have more than this one brought.
    const its = slots.filter(
      ({ slot, holder }) => holder === ours.target && (ours.slots?.includes(slot) ?? true),
    );
    if (its.length > 0) {
      await tellDone(ports, leaving, { ...ours, slots: its }, now);
      return { outcome: 'done' };
    }
    await letTargetGo(ports, { ...ours, shard });
    return { outcome: 'failed', error: `another hand-over of ${slice} took the place of ${ours.id}` };
  }
  const verdict = verdictOf({ handOver, slots, source, target, by }, now);
  if (verdict.kind === 'again') {
    if (handOver.go && isUp(handOver, target)) await registerIfOurs(ports, handOver);
    return again(now, deadline === undefined && now - handOver.at > FIRST ? LATER : SOON);
  }
  if (verdict.kind === 'done') {
    // The agents write its end, with what it took; for one that is silent somebody else does.
    if (isSilent(source, now)) await ports.handOvers.advance(slice, ours.id, { phase: 'done' });
    await tellDone(ports, leaving, handOver, now);
    return { outcome: 'done' };
  }
  const change = { phase: 'failed', error: verdict.error } as const;
  const written = await ports.handOvers.advance(slice, ours.id, change, [handOver.phase]);
  // The agents have come further meanwhile: it is looked at anew.
  if (written !== undefined && written.phase !== 'failed') return again(now, SOON);
  await ports.agents.order(slice, { handOver: null });
  await tellFailed(ports, leaving, { ...handOver, error: verdict.error });
  // A target that has a part of the slots serves them.
  if (passedTo({ handOver, slots }).length > 0) return { outcome: 'done' };
  await letTargetGo(ports, handOver);
  return { outcome: 'failed', error: verdict.error };
}

/** Where the target is another's in the store, the agents go on all the same: the slots decide. */
async function registerIfOurs(ports: Ports, handOver: HandOver): Promise<void> {
  try {
    await registerTarget(ports, handOver);
  } catch (error) {
    if (!(error instanceof SliceLost)) throw error;
  }
}

/** What its agent said before the hand-over may be of an earlier life in the shard. */
function isUp({ phase, at, target, shard }: HandOver, agent: AgentState | undefined): boolean {
  if (phase === 'open' || agent === undefined || agent.at < at) return false;
  return agent.slices.some((one) => one.slice === target && one.shard === shard);
}

export const countOf = ({ shards }: Settings, shard: string) =>
  shards.find(({ name }) => name === shard)?.handOver.slots.count ?? 0;

async function tellDone(
  ports: Ports,
  { slice, shard, cause }: Departing,
  { id, target, slots, at, progress }: Pick<HandOver, 'id' | 'target' | 'slots'> & Partial<HandOver>,
  now: Seconds,
): Promise<void> {
  const detail = {
    handOver: id,
    shard,
    source: slice,
    target,
    slots: numbers(slots),
    cause,
    ...(at !== undefined && { seconds: Math.max(0, now - at) }),
    ...(progress?.pause !== undefined && { pause: progress.pause }),
    ...(progress !== undefined && { bytes: progress.copiedBytes }),
  };
  await ports.events.publish([event('SliceHandedOver', now, detail)]);
}

/**
 * The target serves the shard: registered, and committed once healthy. It has the state, so there is no way back; where
 * it does not get healthy in time it is committed all the same, and reconciliation looks after its health.
 */
export async function redirectTraffic(
  { ports, settings }: HandOverWorld,
  { shard, by, deadline }: Departing,
  ours: Ours,
): Promise<Redirected> {
  const handOver = { ...ours, shard };
  try {
    await registerTarget(ports, handOver);
    const seen = await ports.store.get(ours.target);
    const now = ports.clock.now();
    // A move brings it into the shard, and will register and write it.
    if (seen !== undefined && isComing(seen, ours, shard)) return again(now, SOON);
    if (seen?.holder !== holderOf(ours)) return { outcome: 'done' };
    const { activate, drain } = settings.fleet.leadTimes;
    const patience = seen.placement.since + 4 * activate.seconds;
    const until = deadline === undefined ? patience : Math.min(patience, by - Math.min(drain.seconds, PART));
    if (now < until && (await ports.loadBalancer.health(shard, ours.target)) !== 'healthy')
      return again(now, SOON);
    await commitTarget(ports, handOver);
    return { outcome: 'done' };
  } catch (error) {
    // Its instance is gone, or its hold ran out: reconciliation goes on with what is there.
    if (error instanceof SliceLost) return { outcome: 'lost' };
    throw error;
  }
}

/** Seconds at most that are kept for the source's drain: what it still gets it forwards. */
const PART: Seconds = 15;
