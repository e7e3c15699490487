import type { Snapshot } from '../core/capacity/plan.ts';
import type { Ports, StoredSlice } from '../core/ports.ts';
import type { Settings } from '../core/settings/schema.ts';
import { joinSlices } from './join.ts';

/** What a tick has read: the planner's snapshot, and the store's slices by id for the versions to claim on. */
export interface Seen {
  readonly snapshot: Snapshot;
  readonly stored: ReadonlyMap<string, StoredSlice>;
}

/** What is switched while the service runs: modes that differ from the settings, and what shards in hold had. */
export type Switched = Pick<Snapshot, 'modes' | 'holdAt'>;

/** Reads the world once: fleet, placements, measurements. @throws what the ports throw; nothing was touched then. */
export async function readSnapshot(ports: Ports, settings: Settings, switched: Switched): Promise<Seen> {
  const at = ports.clock.now();
  const [facts, slices, measured] = await Promise.all([
    ports.fleet.list(),
    ports.store.slices(),
    ports.metrics.measured(settings.shards.map(({ name }) => name)),
  ]);
  const stored = new Map<string, StoredSlice>();
  const held: string[] = [];
  for (const item of slices) {
    stored.set(item.slice, item);
    if (isHeld(item, at)) held.push(item.slice);
  }
  const instances = joinSlices(facts, stored, settings);
  const snapshot: Snapshot = {
    at,
    instances,
    openRequests: [],
    measured,
    held,
    ...switched,
  };
  return { snapshot, stored };
}

/** Whether a workflow holds the slice at `now`. */
export function isHeld(item: StoredSlice, now: number): boolean {
  return item.holder !== undefined && (item.holderExpires ?? 0) > now;
}
