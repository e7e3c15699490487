import type { Measured, OpenRequest, Snapshot } from '../core/capacity/plan.ts';
import { type RiskInputs, risksOf } from '../core/interruption/risks.ts';
import type { Ports, StoredSlice } from '../core/ports.ts';
import type { Mode, Settings } from '../core/settings/schema.ts';
import { isHeld } from '../core/shards/held.ts';
import type { Layouts } from '../core/shards/slice.ts';
import type { Seconds } from '../core/time.ts';
import { joinSlices, unplanned } from './join.ts';
import type { KnownReserves } from './reserves.ts';
import { type StartedMove, underWay } from './under-way.ts';

/** What a tick has read: the planner's snapshot, and the store's slices by id for the versions to claim on. */
export interface Seen {
  readonly snapshot: Snapshot;
  readonly stored: ReadonlyMap<string, StoredSlice>;
}

/** What is switched while the service runs: modes that differ from the settings, and what shards in hold had. */
export type Switched = Pick<Snapshot, 'modes' | 'holdAt'>;

/** What a tick knows besides what the ports tell. */
export interface Given extends Switched {
  /** Capacity that was asked for and is not to be seen yet, where the fleet does not list it. @default none */
  readonly openRequests?: readonly OpenRequest[];
  /** What was measured for this tick already. @default the metrics are asked */
  readonly measured?: readonly Measured[];
  /** Moves that were started of late: not all of them show in the store yet. @default none */
  readonly started?: readonly StartedMove[];
  /** Moves that may be started to shards where they keep failing. @default as many as the plan has */
  readonly brakes?: ReadonlyMap<string, number>;
  /** Instances that are divided into declared parts. @default none: all into equal ones */
  readonly layouts?: Layouts;
  /** What the interruption risk is made of. @default it is not known: no reserves */
  readonly risk?: RiskInputs;
  /** What is known of reserves. @default nothing was asked for, refused or ordered */
  readonly reserves?: KnownReserves;
  /** Nothing is begun from then on: the process ends soon after. @default never */
  readonly stopAt?: Seconds;
}

/** The mode of each shard of the settings, as switched. */
export function modesOf(settings: Settings, { modes }: Switched): ReadonlyMap<string, Mode> {
  return new Map(settings.shards.map(({ name, mode }) => [name, modes?.[name] ?? mode]));
}

/** Reads the world once: fleet, placements, measurements. @throws what the ports throw; nothing was touched then. */
export async function readSnapshot(ports: Ports, settings: Settings, given: Given): Promise<Seen> {
  const at = ports.clock.now();
  const [facts, slices, measured] = await Promise.all([
    ports.fleet.list(),
    ports.store.slices(),
    given.measured ?? ports.metrics.measured(settings.shards.map(({ name }) => name)),
  ]);
  const stored = new Map(slices.map((item) => [item.slice, item]));
  const begun = underWay(stored, given.started ?? [], at);
  const held = slices.filter((item) => isHeld(item, at) || begun.has(item.slice)).map(({ slice }) => slice);
  const shown = begun.size > 0 ? new Map([...stored, ...begun]) : stored;
  const instances = joinSlices(facts, shown, settings, given.layouts);
  const snapshot: Snapshot = {
    at,
    instances,
    openRequests: given.openRequests ?? [],
    measured,
    held: [...held, ...unplanned(given.layouts)],
    ...(given.modes && { modes: given.modes }),
    ...(given.holdAt && { holdAt: given.holdAt }),
    ...given.reserves,
    ...(given.risk && { risks: risksOf(instances, measured, given.risk, settings, at) }),
  };
  return { snapshot, stored };
}
