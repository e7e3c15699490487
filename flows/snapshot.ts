import type { Snapshot } from '../core/capacity/plan.ts';
import type { Ports, StoredSlice } from '../core/ports.ts';
import type { Mode, Settings } from '../core/settings/schema.ts';
import type { Instance } from '../core/shards/instance.ts';
import { parseSliceId, type Slice, shareOf } from '../core/shards/slice.ts';

/** What a tick has read: the planner's snapshot, and the store's slices by id for the versions to claim on. */
export interface Seen {
  readonly snapshot: Snapshot;
  readonly stored: ReadonlyMap<string, StoredSlice>;
}

/** Reads the world once: fleet, placements, measurements. @throws what the ports throw; nothing was touched then. */
export async function readSnapshot(
  ports: Ports,
  settings: Settings,
  modes: Readonly<Record<string, Mode>> | undefined,
): Promise<Seen> {
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
  const instances = joinSlices(facts, slices, settings);
  const snapshot: Snapshot = {
    at,
    instances,
    openRequests: [],
    measured,
    held,
    ...(modes === undefined ? {} : { modes }),
  };
  return { snapshot, stored };
}

/** Whether a workflow holds the slice at `now`. */
export function isHeld(item: StoredSlice, now: number): boolean {
  return item.holder !== undefined && (item.holderExpires ?? 0) > now;
}

/** The fleet's facts with the store's placements; an instance that carries none is passed on as it is. */
export function joinSlices(
  facts: readonly Instance[],
  stored: readonly StoredSlice[],
  settings: Settings,
): readonly Instance[] {
  const byInstance = new Map<string, StoredSlice[]>();
  for (const item of stored) {
    const { instance } = parseSliceId(item.slice);
    const there = byInstance.get(instance);
    if (there === undefined) byInstance.set(instance, [item]);
    else there.push(item);
  }
  return facts.map((fact) => {
    const items = byInstance.get(fact.id);
    if (items === undefined || !('slices' in fact)) return fact;
    const share = shareOf(fact.type, settings);
    return { ...fact, slices: items.map((item) => toSlice(item, share)) };
  });
}

function toSlice({ slice, placement }: StoredSlice, share: number): Slice {
  return { id: slice, ...parseSliceId(slice), share, placement };
}
