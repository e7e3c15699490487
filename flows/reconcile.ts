import type { Event, Ports, StoredSlice } from '../core/ports.ts';
import type { Settings } from '../core/settings/schema.ts';
import type { Instance } from '../core/shards/instance.ts';
import { ownerOf } from '../core/shards/placement.ts';
import { FIRST_PORT, parseSliceId, sliceIdsOf } from '../core/shards/slice.ts';
import { MINUTE, type Seconds } from '../core/time.ts';
import { type EventDetails, event } from './events.ts';
import { attempt, type Failure } from './failure.ts';
import { type Given, isHeld, modesOf } from './snapshot.ts';
import { towardsReady } from './way-back.ts';

/** Long enough for one slice's step; a reconciliation that died holds nothing for longer. */
const HOLD: Seconds = 2 * MINUTE;

type Corrected = { -readonly [K in keyof EventDetails['DriftCorrected']]: string[] };
export type Reconciled = EventDetails['DriftCorrected'] & { readonly failures: readonly Failure[] };

/** A new instance runs: its slices are added as `ready`. A repeat changes nothing. */
export async function instanceArrived(ports: Ports, settings: Settings, instance: string): Promise<void> {
  const { store, clock, events } = ports;
  const at = clock.now();
  const slices = sliceIdsOf(instance, settings);
  let isNew = false;
  for (const slice of slices) {
    if ((await store.get(slice)) !== undefined) continue;
    await store.add(slice, at);
    isNew = true;
  }
  if (isNew) await events.publish([event('InstanceArrived', at, { instance, slices })]);
}

/** An instance has stopped or ended: its slices are taken from their shards and from the store. */
export async function instanceLeft(ports: Ports, settings: Settings, instance: string): Promise<void> {
  const lost: StoredSlice[] = [];
  for (const slice of sliceIdsOf(instance, settings)) {
    const seen = await ports.store.get(slice);
    if (seen === undefined) continue;
    await forget(ports, seen);
    lost.push(seen);
  }
  if (lost.length > 0) await ports.events.publish([lostEvent(instance, lost, ports.clock.now())]);
}

function lostEvent(instance: string, lost: readonly StoredSlice[], at: Seconds): Event {
  const shards = [...new Set(lost.flatMap(({ placement }) => ownerOf(placement) ?? []))];
  return event('InstanceLost', at, { instance, slices: lost.map(({ slice }) => slice), shards });
}

/**
 * Brings the store in line with the fleet, and finishes what dead workflows left behind: events may be lost, and
 * steps killed half-way. Every correction stands alone; what failed is in the result and comes again next time.
 *
 * What belongs to a shard in shadow is left as it is, gone or not. A shard that the settings do not have any more
 * gives back what it has.
 */
export async function reconcile(
  ports: Ports,
  settings: Settings,
  given: Pick<Given, 'modes' | 'stopAt'> = {},
): Promise<Reconciled> {
  const failures: Failure[] = [];
  const done: Corrected = { added: [], removed: [], recovered: [], evicted: [], retired: [] };
  const now = ports.clock.now();
  // Slices first: one that is added between the two reads must not look as if its instance were gone.
  const stored = await ports.store.slices();
  const fleet = new Map((await ports.fleet.list()).map((instance) => [instance.id, instance]));
  const modes = modesOf(settings, given);
  const { stopAt = Number.POSITIVE_INFINITY } = given;
  const lost = new Map<string, StoredSlice[]>();

  for (const item of stored) {
    if (ports.clock.now() >= stopAt) {
      failures.push({ what: 'reconcile', error: 'no time was left for all slices; the next tick goes on' });
      break;
    }
    const owner = ownerOf(item.placement);
    const mode = owner === undefined ? undefined : (modes.get(owner) ?? given.modes?.[owner]);
    if (mode === 'shadow') continue;
    const instance = fleet.get(parseSliceId(item.slice).instance);
    await attempt(failures, `reconcile ${item.slice}`, async () => {
      if (instance === undefined || !('slices' in instance)) {
        await forget(ports, item);
        done.removed.push(item.slice);
        const { instance: id } = parseSliceId(item.slice);
        lost.set(id, [...(lost.get(id) ?? []), item]);
      } else if (!isHeld(item, now)) {
        const left = owner !== undefined && !modes.has(owner);
        if (isForeign(item, settings) || left) await expel(ports, item, done);
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
  const events = [...lost].map(([id, slices]) => lostEvent(id, slices, now));
  if (Object.values(done).some((list) => list.length > 0)) events.push(event('DriftCorrected', now, done));
  if (events.length > 0) await attempt(failures, 'publish', () => ports.events.publish(events));
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
