import { attempt, type Failure } from '../core/failure.ts';
import type { Ports, StoredSlice } from '../core/ports.ts';
import { formatStamp } from '../core/settings/stamp.ts';
import { ownerOf } from '../core/shards/placement.ts';
import { parseSliceId } from '../core/shards/slice.ts';
import type { Seconds } from '../core/time.ts';
import { event } from './events.ts';
import { until } from './poll.ts';
import { towardsReady } from './way-back.ts';

/** Seconds that are kept between the usual end of a drain and the instance's end. */
const MARGIN: Seconds = 5;

/**
 * What the machine `hand-over` begins with. The standard procedure so far; the state of a slice that has a reserve is
 * copied in its place.
 */
export interface HandOverInput {
  readonly instance: string;
  /** When Spot said it. */
  readonly at: Seconds;
  /** The instance ends then at the latest. */
  readonly deadline: Seconds;
}

/** One hand-over per instance and notice, however often the notice comes. */
export const handOverName = ({ instance, deadline }: HandOverInput) =>
  `hand-over/${instance}/${Math.round(deadline)}`;

/** A slice to evacuate, and from when on. */
export interface Leaving {
  readonly slice: string;
  readonly drainAt: Seconds;
  /** The same as an ISO 8601 stamp, rounded down. */
  readonly drainStamp: string;
}

export interface Noted {
  readonly slices: readonly Leaving[];
  readonly failures: readonly Failure[];
}

/** What became of an interrupted instance's slices. */
export interface Evacuated {
  /** Out of their shards, and of the store, in time. */
  readonly left: readonly string[];
  /** Still held by another workflow or draining at the deadline; they go with the instance. */
  readonly late: readonly string[];
  readonly failures: readonly Failure[];
}

/** AWS recommends to move off an instance: it is marked, so that the plan replaces it before the notice comes. */
export async function onRebalance(ports: Ports, input: { instance: string; at: Seconds }): Promise<void> {
  const { instance, at } = input;
  await ports.fleet.announce(instance, { kind: 'rebalance', at });
  const shards = shardsOf(await slicesOn(ports, instance));
  await ports.events.publish([event('RebalanceRecommended', ports.clock.now(), { instance, shards })]);
}

/**
 * The notice has come: the instance is marked, so that the plan replaces it, and said to be interrupted.
 * @param drain usual seconds of a drain
 * @throws what the store throws: without its slices there is nothing to evacuate.
 */
export async function noteInterruption(ports: Ports, input: HandOverInput, drain: Seconds): Promise<Noted> {
  const { instance, at, deadline } = input;
  const failures: Failure[] = [];
  const mark = () => ports.fleet.announce(instance, { kind: 'interruption', at, deadline });
  await attempt(failures, `mark ${instance} as interrupted`, mark);
  const slices = await slicesOn(ports, instance);
  const now = ports.clock.now();
  const noticed = event('InterruptionNoticed', now, { instance, deadline, shards: shardsOf(slices) });
  await attempt(failures, `publish the notice of ${instance}`, () => ports.events.publish([noticed]));
  return {
    slices: slices.map(({ slice, placement }) => {
      // What serves does so while its replacement starts, as long as there is time left to drain.
      const drainAt = placement.kind === 'active' ? Math.max(now, deadline - drain - MARGIN) : now;
      return { slice, drainAt, drainStamp: formatStamp(drainAt) };
    }),
    failures,
  };
}

/** `again`: held by another workflow, or draining, and there is time left. `late`: the deadline has come. */
export type Evacuation = 'out' | 'again' | 'late';

/** One step to take the slice from its shard and from the store. */
export async function evacuateSlice(
  ports: Ports,
  { instance, slice, deadline }: { instance: string; slice: string; deadline: Seconds },
): Promise<Evacuation> {
  const { clock, store } = ports;
  const holder = `interruption/${instance}`;
  const seen = await store.get(slice);
  if (seen === undefined) return 'out';
  if ((await store.claim(slice, seen.version, holder, deadline)).ok) {
    const state = await towardsReady(ports, slice, holder);
    if (state === 'gone' || state === 'stuck') return 'out';
    if (state === 'ready') {
      await store.remove(slice);
      return 'out';
    }
  }
  if (clock.now() < deadline) return 'again';
  await store.release(slice, holder);
  return 'late';
}

/** Says what came of it. */
export async function finishEvacuation(
  ports: Ports,
  instance: string,
  { left, late }: Pick<Evacuated, 'left' | 'late'>,
): Promise<void> {
  const detail = { instance, slices: left.length, late };
  await ports.events.publish([event('InstanceEvacuated', ports.clock.now(), detail)]);
}

/**
 * Spot takes an instance at `deadline`: the machine `hand-over` in one process, state by state. `drain` are the usual
 * seconds of a drain. The notice may come twice: the second run finds less to do.
 */
export async function onInterruption(
  ports: Ports,
  input: HandOverInput & { readonly drain: Seconds },
): Promise<Evacuated> {
  const { instance, deadline, drain } = input;
  const { clock } = ports;
  const noted = await noteInterruption(ports, input, drain);
  const failures = [...noted.failures];
  const left: string[] = [];
  const late: string[] = [];
  await Promise.all(
    noted.slices.map(async ({ slice, drainAt }) => {
      await clock.sleepUntil(drainAt);
      let state: Evacuation = 'late';
      await attempt(failures, `evacuate ${slice}`, () =>
        until(clock, deadline, clock.now(), async () => {
          state = await evacuateSlice(ports, { instance, slice, deadline });
          return state !== 'again';
        }),
      );
      (state === ('out' as Evacuation) ? left : late).push(slice);
    }),
  );
  const finish = () => finishEvacuation(ports, instance, { left, late });
  await attempt(failures, `publish the evacuation of ${instance}`, finish);
  return { left, late, failures };
}

async function slicesOn(ports: Ports, instance: string): Promise<readonly StoredSlice[]> {
  const all = await ports.store.slices();
  return all.filter(({ slice }) => parseSliceId(slice).instance === instance);
}

const shardsOf = (slices: readonly StoredSlice[]) => [
  ...new Set(slices.flatMap(({ placement }) => ownerOf(placement) ?? [])),
];
