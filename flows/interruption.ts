import type { Ports, StoredSlice } from '../core/ports.ts';
import { ownerOf } from '../core/shards/placement.ts';
import { parseSliceId } from '../core/shards/slice.ts';
import type { Seconds } from '../core/time.ts';
import { event } from './events.ts';
import { attempt, type Failure } from './failure.ts';
import { until } from './poll.ts';
import { towardsReady } from './way-back.ts';

/** Seconds that are kept between the usual end of a drain and the instance's end. */
const MARGIN: Seconds = 5;

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
 * Spot takes an instance at `deadline`: it is marked, its slices leave their shards, and the plan replaces them.
 * The standard procedure, `drain` being the usual seconds of a drain; a hand-over of state goes in its place for the slices that have a reserve.
 * The notice may come twice: the second run finds less to do.
 */
export async function onInterruption(
  ports: Ports,
  input: { instance: string; at: Seconds; deadline: Seconds; drain: Seconds },
): Promise<Evacuated> {
  const { instance, at, deadline, drain } = input;
  const failures: Failure[] = [];
  const mark = () => ports.fleet.announce(instance, { kind: 'interruption', at, deadline });
  await attempt(failures, `mark ${instance} as interrupted`, mark);
  const slices = await slicesOn(ports, instance);
  const noticed = event('InterruptionNoticed', ports.clock.now(), {
    instance,
    deadline,
    shards: shardsOf(slices),
  });
  await attempt(failures, `publish the notice of ${instance}`, () => ports.events.publish([noticed]));

  const left: string[] = [];
  const late: string[] = [];
  await Promise.all(
    slices.map(async ({ slice, placement }) => {
      // What serves does so while its replacement starts, as long as there is time left to drain.
      if (placement.kind === 'active') await ports.clock.sleepUntil(deadline - drain - MARGIN);
      let out = false;
      await attempt(failures, `evacuate ${slice}`, async () => {
        out = await evacuate(ports, slice, `interruption/${instance}`, deadline);
      });
      (out ? left : late).push(slice);
    }),
  );
  const evacuated = event('InstanceEvacuated', ports.clock.now(), { instance, slices: left.length, late });
  await attempt(failures, `publish the evacuation of ${instance}`, () => ports.events.publish([evacuated]));
  return { left, late, failures };
}

/** Takes the slice from its shard and from the store; waits for a workflow that holds it, and for the drain. */
async function evacuate(ports: Ports, slice: string, holder: string, deadline: Seconds): Promise<boolean> {
  const { clock, store } = ports;
  const isOut = await until(clock, deadline, clock.now(), async () => {
    const seen = await store.get(slice);
    if (seen === undefined) return true;
    if (!(await store.claim(slice, seen.version, holder, deadline)).ok) return false;
    const state = await towardsReady(ports, slice, holder);
    if (state !== 'ready') return state === 'gone';
    await store.remove(slice);
    return true;
  });
  if (!isOut) await store.release(slice, holder);
  return isOut;
}

async function slicesOn(ports: Ports, instance: string): Promise<readonly StoredSlice[]> {
  const all = await ports.store.slices();
  return all.filter(({ slice }) => parseSliceId(slice).instance === instance);
}

const shardsOf = (slices: readonly StoredSlice[]) => [
  ...new Set(slices.flatMap(({ placement }) => ownerOf(placement) ?? [])),
];
