import { attempt, type Failure } from '../core/failure.ts';
import type { Event, Ports, StoredSlice } from '../core/ports.ts';
import type { Settings } from '../core/settings/schema.ts';
import { isHeld } from '../core/shards/held.ts';
import type { Instance } from '../core/shards/instance.ts';
import { ownerOf } from '../core/shards/placement.ts';
import { type DeclaredSlice, type Layouts, parseSliceId, sliceIdsOf } from '../core/shards/slice.ts';
import { MINUTE, type Seconds } from '../core/time.ts';
import { type EventDetails, event } from './events.ts';
import { canHandOver, handOverBy, startHandOver } from './hand-over-first.ts';
import { inTurn } from './in-turn.ts';
import { replaceable, type Sick } from './sick.ts';
import { type Given, modesOf } from './snapshot.ts';
import { stateHolders } from './state-holders.ts';
import { towardsReady } from './way-back.ts';

/** Long enough for one slice's step; a reconciliation that died holds nothing for longer. */
const HOLD: Seconds = 2 * MINUTE;

/** Slices that are looked after at once. */
const AT_ONCE = 16;

/** Auto Scaling's lists lag behind its events: a slice is told to be there before its instance is listed in service. */
const LISTED: Seconds = MINUTE;

type Corrected = { -readonly [K in keyof EventDetails['DriftCorrected']]: string[] };
export type Reconciled = EventDetails['DriftCorrected'] & { readonly failures: readonly Failure[] };

/** A new instance runs: its slices are added as `ready`. A repeat changes nothing. */
export async function instanceArrived(
  ports: Ports,
  settings: Settings,
  instance: string,
  layouts?: Layouts,
): Promise<void> {
  const { store, clock, events } = ports;
  const at = clock.now();
  const slices = sliceIdsOf(instance, settings, layouts);
  let isNew = false;
  for (const slice of slices) {
    if ((await store.get(slice)) !== undefined) continue;
    await store.add(slice, at);
    isNew = true;
  }
  if (isNew) await events.publish([event('InstanceArrived', at, { instance, slices })]);
}

/**
 * An instance has stopped or ended: its slices are taken from their shards and from the store.
 * @param known slices that it has besides the equal parts of the settings, as far as somebody knows them
 */
export async function instanceLeft(
  ports: Ports,
  settings: Settings,
  instance: string,
  known: readonly string[] = [],
): Promise<void> {
  const lost: StoredSlice[] = [];
  for (const slice of new Set([...sliceIdsOf(instance, settings), ...known])) {
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
 * gives back what it has, whatever it was switched to: else nobody ever would.
 */
export async function reconcile(
  ports: Ports,
  settings: Settings,
  given: Pick<Given, 'modes' | 'stopAt' | 'layouts'> = {},
): Promise<Reconciled> {
  const failures: Failure[] = [];
  const done: Corrected = { added: [], removed: [], recovered: [], evicted: [], retired: [] };
  const now = ports.clock.now();
  // Slices first: one that is added between the two reads must not look as if its instance were gone.
  const stored = await ports.store.slices();
  const fleet = new Map((await ports.fleet.list()).map((instance) => [instance.id, instance]));
  const modes = modesOf(settings, given);
  const { stopAt = Number.POSITIVE_INFINITY, layouts } = given;
  const lost = new Map<string, StoredSlice[]>();
  const sick = new Map<string, Sick>();
  const slow: Job[] = [];
  const holdsState = stateHolders(ports, settings);
  // Shards of which a slice serves on an instance that goes.
  const leaving = new Set<string>();

  const one = async (item: StoredSlice) => {
    const owner = ownerOf(item.placement);
    if (owner !== undefined && modes.get(owner) === 'shadow') return;
    const instance = fleet.get(parseSliceId(item.slice).instance);
    if (instance === undefined || !('slices' in instance)) {
      if (isNew(item, instance, now)) return;
      await forget(ports, item);
      done.removed.push(item.slice);
      const { instance: id } = parseSliceId(item.slice);
      lost.set(id, [...(lost.get(id) ?? []), item]);
      return;
    }
    // Where a workflow hands it over, it is held.
    if (instance.state === 'draining' && item.placement.kind === 'active') leaving.add(item.placement.shard);
    if (!isHeld(item, now)) {
      const left = owner !== undefined && !modes.has(owner);
      const declared = declaredAs(item, layouts);
      if (isForeign(item, settings, layouts) || left) await expel(ports, item, done, slow);
      else if (declared?.use === 'leaving') leave(ports, item, done, slow);
      else if (declared?.use !== 'hidden')
        await settle(ports, item, instance, { settings, done, sick, slow, holdsState });
    }
  };
  let late = false;
  const onTime = async (what: string, work: () => Promise<unknown>) => {
    if (ports.clock.now() < stopAt) return attempt(failures, what, work);
    if (!late) failures.push({ what: 'reconcile', error: 'no time was left for all; the next tick goes on' });
    late = true;
    return false;
  };
  const known = new Set(stored.map(({ slice }) => slice));
  const arrived = [...fleet.values()].flatMap(({ id, state }) => {
    const missing =
      state === 'running' ? sliceIdsOf(id, settings, layouts).filter((one) => !known.has(one)) : [];
    return missing.length > 0 ? [{ id, missing }] : [];
  });
  await inTurn(arrived, AT_ONCE, async ({ id, missing }) => {
    if (await onTime(`add ${id}`, () => instanceArrived(ports, settings, id, layouts)))
      done.added.push(...missing);
  });
  await inTurn(stored, AT_ONCE, async (item) => {
    await onTime(`reconcile ${item.slice}`, () => one(item));
  });
  const replacing = { settings, given, done, holdsState };
  for (const item of replaceable(stored, sick, leaving, failures))
    slow.push({ slice: item.slice, work: () => replace(ports, item, replacing) });
  // Last and many at once: a host that does not answer must not keep the others waiting, minute after minute.
  await inTurn(slow, AT_ONCE, async ({ slice, work }) => {
    await onTime(`reconcile ${slice}`, work);
  });
  const events = [...lost].map(([id, slices]) => lostEvent(id, slices, now));
  if (Object.values(done).some((list) => list.length > 0)) events.push(event('DriftCorrected', now, done));
  if (events.length > 0) await attempt(failures, 'publish', () => ports.events.publish(events));
  return { ...done, failures };
}

const isNew = ({ placement }: StoredSlice, instance: Instance | undefined, now: Seconds) =>
  (instance === undefined || instance.state === 'starting') &&
  placement.kind === 'ready' &&
  placement.since > now - LISTED;

/** A stopped instance that stays registered would serve its old shard at its next start. */
async function forget(ports: Ports, { slice, placement }: StoredSlice): Promise<void> {
  const shard = ownerOf(placement);
  if (shard !== undefined) await ports.loadBalancer.deregister(shard, slice);
  await ports.store.remove(slice);
}

/** Whether the settings have no such slice: instances are divided otherwise since. The planner does not see it. */
const isForeign = ({ slice }: StoredSlice, settings: Settings, layouts?: Layouts) =>
  !sliceIdsOf(parseSliceId(slice).instance, settings, layouts).includes(slice);

function declaredAs({ slice }: StoredSlice, layouts?: Layouts): DeclaredSlice | undefined {
  const { instance, port } = parseSliceId(slice);
  return layouts?.get(instance)?.find((one) => one.port === port);
}

/** A declared part that is to leave its shard, and stays. */
function leave(ports: Ports, item: StoredSlice, done: Corrected, slow: Job[]): void {
  if (item.placement.kind !== 'ready')
    slow.push({ slice: item.slice, work: () => homeward(ports, item, done.evicted) });
}

async function expel(ports: Ports, item: StoredSlice, done: Corrected, slow: Job[]): Promise<void> {
  if (item.placement.kind !== 'ready') {
    slow.push({ slice: item.slice, work: () => homeward(ports, item, done.evicted) });
    return;
  }
  await ports.store.remove(item.slice);
  done.removed.push(item.slice);
}

/** What asks a host, which may take a minute. */
interface Job {
  readonly slice: string;
  readonly work: () => Promise<void>;
}

interface Settling {
  readonly settings: Settings;
  readonly done: Corrected;
  readonly sick: Map<string, Sick>;
  readonly slow: Job[];
  readonly holdsState: (item: StoredSlice) => Promise<boolean>;
}

/** One slice that no workflow holds: what is wrong with it, and one step to put that right. */
async function settle(
  ports: Ports,
  item: StoredSlice,
  instance: Instance,
  { settings, done, sick, slow, holdsState }: Settling,
): Promise<void> {
  const { slice, placement } = item;
  const home = (list: string[]) => {
    slow.push({ slice, work: () => homeward(ports, item, list, endsFor(instance)) });
  };
  if (placement.kind === 'ready') return;
  if (placement.kind === 'draining') return home(done.recovered);
  const now = ports.clock.now();
  if (placement.kind === 'reserved' && placement.until > now) return;
  // What has taken state over is not sent home: it is taken into its shard (slots.ts).
  if (placement.kind !== 'active') return (await holdsState(item)) ? undefined : home(done.recovered);
  // Until its end, what has state waits for its hand-over.
  if (instance.state === 'interrupted' && now < instance.deadline && (await holdsState(item))) return;
  if (instance.state === 'draining') {
    const by = handOverBy(instance, settings);
    if (now < by && (await holdsState(item))) return startHandOver(ports, slice, by);
  }
  if (instance.state !== 'running') return home(done.evicted);
  const health = await ports.loadBalancer.health(placement.shard, slice);
  const its = sick.get(placement.shard) ?? { well: 0, unwell: [] };
  sick.set(placement.shard, its);
  if (health === 'unhealthy') its.unwell.push(item);
  else its.well += 1;
  if (health === 'unused' || health === 'draining') {
    await ports.loadBalancer.register(placement.shard, slice);
    done.recovered.push(slice);
  }
}

interface Replacing extends Pick<Settling, 'settings' | 'done' | 'holdsState'> {
  readonly given: Pick<Given, 'modes' | 'layouts'>;
}

async function replace(
  ports: Ports,
  item: StoredSlice,
  { settings, given, done, holdsState }: Replacing,
): Promise<void> {
  const { slice } = item;
  const { instance } = parseSliceId(slice);
  const by = handOverBy({ since: ports.clock.now() }, settings);
  const hasState = await holdsState(item);
  // What shares its machine with others by declared limits goes alone.
  if (given.layouts?.has(instance)) {
    if (hasState && (await canHandOver(ports, settings, given, item))) return startHandOver(ports, slice, by);
    return homeward(ports, item, done.evicted);
  }
  // First, so that what is taken out of the store is not found missing there and added again.
  await ports.fleet.retire(instance, 'unhealthy');
  done.retired.push(instance);
  if (hasState) return startHandOver(ports, slice, by);
  await homeward(ports, item, done.evicted, true);
}

/** Whether nothing is to come back to this instance. */
const endsFor = (instance: Instance) =>
  instance.state === 'interrupted' || (instance.state === 'draining' && instance.to === 'retired');

async function homeward(
  ports: Ports,
  { slice, version }: StoredSlice,
  done: string[],
  ends = false,
): Promise<void> {
  const holder = `reconcile/${slice}`;
  const claimed = await ports.store.claim(slice, version, holder, ports.clock.now() + HOLD);
  if (!claimed.ok) return;
  await towardsReady(ports, slice, holder, ends);
  await ports.store.release(slice, holder);
  done.push(slice);
}
