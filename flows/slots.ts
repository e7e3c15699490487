import { attempt, type Failure } from '../core/failure.ts';
import { assignSlots, type SlotsSeen } from '../core/hand-over/assign.ts';
import { type HandOver, isOver } from '../core/hand-over/record.ts';
import type { SlotHolder } from '../core/hand-over/slots.ts';
import { isSilent, passedTo, TAKES_OVER } from '../core/hand-over/verdict.ts';
import type { Ports } from '../core/ports.ts';
import type { Settings } from '../core/settings/schema.ts';
import { parseSliceId } from '../core/shards/slice.ts';
import { MINUTE, type Seconds } from '../core/time.ts';
import { giveSlots } from './give-slots.ts';
import { countOf } from './hand-over-follow.ts';
import { handOverName } from './hand-over-input.ts';
import { inTurn } from './in-turn.ts';
import { modesOf, type Switched } from './snapshot.ts';

/**
 * The slots' part of the tick: nobody's slots are given to slices that serve their shard, those of holders that are gone
 * are passed on, and they are evened out. Only for shards that have state; never in shadow.
 *
 * Invariants: each change is one conditional write on the slot as it was seen, so that an agent that has passed it on
 * meanwhile wins; a slot is taken from nobody who may still serve it.
 */

/** Slots that one tick gives away, and hand-overs that it starts for evenness. The next one goes on. */
const MOST_GIVEN = 256;
const MOST_EVENED = 10;
const AT_ONCE = 16;
/** Seconds for which a slice is held while its placement is put right. */
const HOLD: Seconds = MINUTE;

export interface SlotsKept {
  /** Slots that got a holder. */
  readonly given: number;
  readonly failures: readonly Failure[];
}

/** @param stopAt nothing is begun from then on */
export async function keepSlots(
  ports: Ports,
  settings: Settings,
  switched: Switched,
  stopAt: Seconds = Number.POSITIVE_INFINITY,
): Promise<SlotsKept> {
  const modes = modesOf(settings, switched);
  const failures: Failure[] = [];
  let given = 0;
  const shards = settings.shards.filter(
    ({ name, handOver }) => handOver.state === 'copy' && modes.get(name) !== 'shadow',
  );
  if (shards.length === 0) return { given, failures };
  // Slots first: of who holds one by a hand-over, that hand-over is seen then.
  const slotsOf = new Map<string, readonly SlotHolder[]>();
  await inTurn(shards, AT_ONCE, async ({ name, handOver }) => {
    await attempt(failures, `read the slots of shard ${name}`, async () => {
      slotsOf.set(name, await ports.slots.read(name, handOver.slots.count));
    });
  });
  const seen = await look(ports);
  for (const handOver of seen.handOvers.filter((one) => !isOver(one))) {
    const isEnded = await attempt(failures, `end ${handOver.id}`, () =>
      endDead(ports, settings, handOver, seen),
    );
    // Its target would take what it is given now for what the hand-over has brought.
    if (!isEnded) slotsOf.delete(handOver.shard);
  }
  let evened = 0;
  await inTurn(shards, AT_ONCE, async (shard) => {
    await attempt(failures, `slots of shard ${shard.name}`, async () => {
      const slots = slotsOf.get(shard.name);
      if (slots === undefined || given >= MOST_GIVEN || ports.clock.now() >= stopAt) return;
      const mode = modes.get(shard.name) ?? shard.mode;
      const { give, adopt, even } = assignSlots({ name: shard.name, mode }, slots, seen);
      const now = give.slice(0, MOST_GIVEN - given);
      given += now.length;
      await giveSlots(ports, shard.name, now);
      for (const slice of adopt) await takeIn(ports, shard.name, slice);
      if (even === undefined || evened++ >= MOST_EVENED) return;
      const part = { target: even.target, slots: even.slots };
      const input = { cause: 'planned', at: seen.at, slices: [even.source], part } as const;
      await ports.workflows.start('hand-over', handOverName(input), input);
    });
  });
  return { given, failures };
}

async function look(ports: Ports): Promise<SlotsSeen> {
  // Slices first: one whose instance has just come is not yet asked for.
  const slices = await ports.store.slices();
  const [instances, agents, handOvers] = await Promise.all([
    ports.fleet.list(),
    ports.agents.list(),
    ports.handOvers.list(),
  ]);
  return {
    at: ports.clock.now(),
    slices: new Map(slices.map((item) => [item.slice, item])),
    instances: new Map(instances.map((one) => [one.id, one])),
    agents: new Map(agents.map((one) => [one.instance, one])),
    handOvers,
  };
}

/** A hand-over whose source is silent, and whose target has had the time to take over by itself, is over. */
async function endDead(ports: Ports, settings: Settings, handOver: HandOver, seen: SlotsSeen): Promise<void> {
  const { source, id, shard, phase } = handOver;
  const agent = seen.agents.get(parseSliceId(source).instance);
  if (!isSilent(agent, phase === 'switching' ? seen.at - TAKES_OVER : seen.at)) return;
  const slots = await ports.slots.read(shard, countOf(settings, shard));
  const isDone = passedTo({ handOver, slots }).length === handOver.slots.length;
  const error = `the agent of ${source} is silent`;
  await ports.handOvers.advance(source, id, isDone ? { phase: 'done' } : { phase: 'failed', error }, [phase]);
  await ports.agents.order(source, { handOver: null });
}

/** It has the state and its environment: what is missing is that traffic may come, and that the store says so. */
async function takeIn({ store, clock, loadBalancer }: Ports, shard: string, slice: string): Promise<void> {
  const holder = `slots/${slice}`;
  const seen = await store.get(slice);
  if (seen === undefined) return;
  if (!(await store.claim(slice, seen.version, holder, clock.now() + HOLD)).ok) return;
  const since = clock.now();
  if (seen.placement.kind === 'reserved' && seen.placement.shard !== shard)
    await store.put(slice, holder, { kind: 'ready', since });
  await store.put(slice, holder, { kind: 'activating', since, shard });
  await loadBalancer.register(shard, slice);
  await store.put(slice, holder, { kind: 'active', since, shard });
  await store.release(slice, holder);
}
