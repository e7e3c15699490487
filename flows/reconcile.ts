import type { Ports, StoredSlice } from '../core/ports.ts';
import type { Settings } from '../core/settings/schema.ts';
import type { Instance } from '../core/shards/instance.ts';
import { ownerOf } from '../core/shards/placement.ts';
import { FIRST_PORT, parseSliceId, sliceIdsOf } from '../core/shards/slice.ts';
import { MINUTE, type Seconds } from '../core/time.ts';
import { type EventDetails, event } from './events.ts';
import { attempt, type Failure } from './failure.ts';
import { isHeld } from './snapshot.ts';
import { towardsReady } from './way-back.ts';

/** Long enough for one slice's step; a reconciliation that died holds nothing for longer. */
const HOLD: Seconds = 2 * MINUTE;

type Corrected = { -readonly [K in keyof EventDetails['DriftCorrected']]: string[] };
export type Reconciled = EventDetails['DriftCorrected'] & { readonly failures: readonly Failure[] };

/** A new instance runs: its slices are added as `ready`. A repeat changes nothing. */
export async function instanceArrived(ports: Ports, settings: Settings, instance: string): Promise<void> {
  const at = ports.clock.now();
  for (const slice of sliceIdsOf(instance, settings)) await ports.store.add(slice, at);
}

/** An instance has stopped or ended: its slices are taken from their shards and from the store. */
export async function instanceLeft(ports: Ports, settings: Settings, instance: string): Promise<void> {
  for (const slice of sliceIdsOf(instance, settings)) {
    const seen = await ports.store.get(slice);
    if (seen !== undefined) await forget(ports, seen);
  }
}

/**
 * Brings the store in line with the fleet, and finishes what dead workflows left behind: events may be lost, and
 * steps killed half-way. Every correction stands alone; what failed is in the result and comes again next time.
 */
export async function reconcile(ports: Ports, settings: Settings): Promise<Reconciled> {
  const failures: Failure[] = [];
  const done: Corrected = { added: [], removed: [], recovered: [], evicted: [], retired: [] };
  const now = ports.clock.now();
  // Slices first: one that is added between the two reads must not look as if its instance were gone.
  const stored = await ports.store.slices();
  const fleet = new Map((await ports.fleet.list()).map((instance) => [instance.id, instance]));

  for (const item of stored) {
    const instance = fleet.get(parseSliceId(item.slice).instance);
    await attempt(failures, `reconcile ${item.slice}`, async () => {
      if (instance === undefined || !('slices' in instance)) {
        await forget(ports, item);
        done.removed.push(item.slice);
      } else if (!isHeld(item, now)) {
        if (isForeign(item, settings)) await expel(ports, item, done);
        else await settle(ports, item, instance, done);
      }
    });
  }
  const known = new Set(stored.map(({ slice }) => slice));
  for (const { id, state } of fleet.values()) {
    if (state !== 'running') continue;
    const missing = sliceIdsOf(id, settings).filter((slice) => !known.has(slice));
    if (missing.length === 0) continue;
    if (await attempt(failures, `add ${id}`, () => instanceArrived(ports, settings, id)))
      done.added.push(...missing);
  }
  if (Object.values(done).some((list) => list.length > 0))
    await attempt(failures, 'publish', () => ports.events.publish([event('DriftCorrected', now, done)]));
  return { ...done, failures };
}

/** A stopped instance that stays registered would serve its old shard at its next start. */
async function forget(ports: Ports, { slice, placement }: StoredSlice): Promise<void> {
  const shard = ownerOf(placement);
  if (shard !== undefined) await ports.loadBalancer.deregister(shard, slice);
  await ports.store.remove(slice);
}

/** Whether the settings have no such slice: instances are divided otherwise since. The planner does not see it. */
const isForeign = ({ slice }: StoredSlice, { fleet }: Settings) =>
  parseSliceId(slice).port >= FIRST_PORT + fleet.slicesPerInstance;

async function expel(ports: Ports, item: StoredSlice, done: Corrected): Promise<void> {
  if (item.placement.kind !== 'ready') return homeward(ports, item, done.evicted);
  await ports.store.remove(item.slice);
  done.removed.push(item.slice);
}

/** One slice that no workflow holds: what is wrong with it, and one step to put that right. */
async function settle(ports: Ports, item: StoredSlice, instance: Instance, done: Corrected): Promise<void> {
  const { slice, placement } = item;
  if (placement.kind === 'ready') return;
  if (placement.kind === 'activating' || placement.kind === 'draining')
    return homeward(ports, item, done.recovered);
  if (placement.kind === 'reserved') {
    if (placement.until <= ports.clock.now()) await homeward(ports, item, done.recovered);
    return;
  }
  if (instance.state !== 'running') return homeward(ports, item, done.evicted);
  const health = await ports.loadBalancer.health(placement.shard, slice);
  if (health === 'unhealthy') {
    await homeward(ports, item, done.evicted);
    await ports.fleet.retire(instance.id, 'unhealthy');
    done.retired.push(instance.id);
  } else if (health === 'unused' || health === 'draining') {
    await ports.loadBalancer.register(placement.shard, slice);
    done.recovered.push(slice);
  }
}

async function homeward(ports: Ports, { slice, version }: StoredSlice, done: string[]): Promise<void> {
  const holder = `reconcile/${slice}`;
  const claimed = await ports.store.claim(slice, version, holder, ports.clock.now() + HOLD);
  if (!claimed.ok) return;
  await towardsReady(ports, slice, holder);
  await ports.store.release(slice, holder);
  done.push(slice);
}
