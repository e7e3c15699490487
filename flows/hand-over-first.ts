import type { Ports, StoredSlice } from '../core/ports.ts';
import type { Settings } from '../core/settings/schema.ts';
import type { Instance } from '../core/shards/instance.ts';
import { ownerOf } from '../core/shards/placement.ts';
import { MINUTE, type Seconds } from '../core/time.ts';
import { slotsOf, targetsOf } from './hand-over.ts';
import { handOverName } from './hand-over-input.ts';
import type { Switched } from './snapshot.ts';

/**
 * What is to be taken out of its shard, holds state of it, and has an agent that beats, is handed over first: reconciliation
 * starts the machine `hand-over` without a clock, again with each tick until it has got through or the time is over.
 * Then, as where the agent is silent, it goes the standard way.
 */

/** Beyond a cold launch, which brings somebody who can take over: for the copy. */
const COPY: Seconds = 5 * MINUTE;

/** Until when the slices of an instance that leaves may be handed over. It has been leaving since it was marked. */
export const handOverBy = ({ since }: Pick<Instance, 'since'>, { fleet }: Settings): Seconds =>
  since + fleet.leadTimes.cold.seconds + COPY;

/** A repeat joins what is under way. */
export async function startHandOver(
  { workflows, clock }: Pick<Ports, 'workflows' | 'clock'>,
  slice: string,
  by: Seconds,
): Promise<void> {
  const input = { cause: 'planned', at: clock.now(), slices: [slice], by } as const;
  await workflows.start('hand-over', handOverName(input), input);
}

/**
 * Whether a hand-over of a slice whose instance stays is worth a try: somebody could take over, and none has failed of late.
 * Nobody brings a replacement there, so that waiting for one would be for ever.
 */
export async function canHandOver(
  ports: Ports,
  settings: Settings,
  switched: Switched,
  { slice, placement }: StoredSlice,
): Promise<boolean> {
  const shard = ownerOf(placement);
  if (shard === undefined) return false;
  const now = ports.clock.now();
  const last = await ports.handOvers.get(slice);
  if (last?.phase === 'failed' && now < handOverBy({ since: last.at }, settings)) return false;
  const world = { ports, settings, switched };
  const leaving = { slice, shard, cause: 'planned', by: now } as const;
  const slots = (await slotsOf(world, leaving)) ?? [];
  const wanted = slots.filter(({ holder }) => holder === slice);
  const targets = await targetsOf(world, leaving, slots, wanted, ['reserved', 'ready', 'active']);
  return targets.length > 0;
}
