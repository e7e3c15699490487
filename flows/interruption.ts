import { attempt, type Failure } from '../core/failure.ts';
import type { AgentState } from '../core/hand-over/agents.ts';
import type { Ports, StoredSlice } from '../core/ports.ts';
import type { Settings } from '../core/settings/schema.ts';
import { ownerOf } from '../core/shards/placement.ts';
import { parseSliceId } from '../core/shards/slice.ts';
import type { Seconds } from '../core/time.ts';
import { event } from './events.ts';
import type { HandOverWorld } from './hand-over.ts';
import { type HandOverInput, handOverName, holdingOf, type Leaving, leavingOf } from './hand-over-input.ts';
import { handOverSlice } from './hand-over-slice.ts';
import { until } from './poll.ts';
import { modesOf, type Switched } from './snapshot.ts';
import { towardsReady } from './way-back.ts';

export interface Noted {
  readonly slices: readonly Leaving[];
  readonly failures: readonly Failure[];
}

export { type HandOverInput, handOverName, type Leaving };

/** What became of an interrupted instance's slices. */
export interface Evacuated {
  /** Out of their shards, and of the store, in time. */
  readonly left: readonly string[];
  /** Still held by another workflow or draining at the deadline; they go with the instance. */
  readonly late: readonly string[];
  /** Serve on: what they hold can be handed over to nobody, or only a part of it was to be. */
  readonly kept: readonly string[];
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
 * What leaves, and from when on. Where the notice has come, the instance is marked, so that the plan replaces it, and
 * said to be interrupted.
 * @throws what the store throws: without its slices there is nothing to evacuate.
 */
export async function noteInterruption(
  ports: Ports,
  input: HandOverInput,
  settings: Settings,
  switched: Switched = {},
): Promise<Noted> {
  const failures: Failure[] = [];
  const { drain } = settings.fleet.leadTimes;
  if (input.cause === 'planned') {
    const modes = modesOf(settings, switched);
    const meant = leavingOf(input, await ports.store.slices(), drain.seconds, ports.clock.now());
    return {
      slices: meant.filter(({ shard = '' }) => (modes.get(shard) ?? 'shadow') !== 'shadow'),
      failures,
    };
  }
  const { instance, at, deadline } = input;
  const mark = () => ports.fleet.announce(instance, { kind: 'interruption', at, deadline });
  await attempt(failures, `mark ${instance} as interrupted`, mark);
  const slices = await slicesOn(ports, instance);
  const now = ports.clock.now();
  const noticed = event('InterruptionNoticed', now, { instance, deadline, shards: shardsOf(slices) });
  await attempt(failures, `publish the notice of ${instance}`, () => ports.events.publish([noticed]));
  let agent: AgentState | undefined;
  if (settings.shards.some(({ handOver }) => handOver.state === 'copy'))
    await attempt(failures, `ask what the agent of ${instance} has entered`, async () => {
      agent = await ports.agents.get(instance);
    });
  return { slices: leavingOf(input, slices, drain.seconds, now, holdingOf(settings, agent)), failures };
}

/** `again`: held by another workflow, or draining, and there is time left. `late`: the deadline has come. */
export type Evacuation = 'out' | 'again' | 'late';

/**
 * One step to take the slice from its shard: from the store too where its instance ends, else into the ready pool.
 */
export async function evacuateSlice(
  ports: Ports,
  leaving: Pick<Leaving, 'slice' | 'shard' | 'cause' | 'holder' | 'by'>,
): Promise<Evacuation> {
  const { clock, store } = ports;
  const { slice, shard, holder, by } = leaving;
  const stays = leaving.cause === 'planned';
  const seen = await store.get(slice);
  if (seen === undefined || (stays && ownerOf(seen.placement) !== shard)) return 'out';
  if ((await store.claim(slice, seen.version, holder, by)).ok) {
    const state = await towardsReady(ports, slice, holder);
    if (state === 'gone' || state === 'stuck') return 'out';
    if (state === 'ready') {
      await (stays ? store.release(slice, holder) : store.remove(slice));
      return 'out';
    }
  }
  if (clock.now() < by) return 'again';
  await store.release(slice, holder);
  return 'late';
}

/** Says what came of it. */
export async function finishEvacuation(
  ports: Ports,
  { cause, instance }: { readonly cause?: string | undefined; readonly instance?: string | undefined },
  { left, late }: Pick<Evacuated, 'left' | 'late'>,
): Promise<void> {
  if (cause === 'planned' || instance === undefined) return;
  const detail = { instance, slices: left.length, late };
  await ports.events.publish([event('InstanceEvacuated', ports.clock.now(), detail)]);
}

/**
 * The machine `hand-over` in one process, state by state. The notice may come twice: the second run finds less to do.
 */
export async function onInterruption(world: HandOverWorld, input: HandOverInput): Promise<Evacuated> {
  const { ports, settings, switched } = world;
  const noted = await noteInterruption(ports, input, settings, switched);
  const failures = [...noted.failures];
  const left: string[] = [];
  const late: string[] = [];
  const kept: string[] = [];
  await Promise.all(
    noted.slices.map(async (leaving) => {
      let state: Evacuation | 'kept' = 'late';
      let stays = leaving.part !== undefined;
      let from = leaving.drainAt;
      if (leaving.serves)
        await attempt(failures, `hand over ${leaving.slice}`, async () => {
          const { outcome } = await handOverSlice(world, leaving);
          stays ||= outcome === 'refused' && leaving.cause === 'planned';
          if (outcome === 'handed-over') from = 0;
        });
      if (stays) return kept.push(leaving.slice);
      await attempt(failures, `evacuate ${leaving.slice}`, async () => {
        state = await evacuate(ports, leaving, from);
      });
      return (state === ('out' as Evacuation) ? left : late).push(leaving.slice);
    }),
  );
  const said = () => finishEvacuation(ports, input, { left, late });
  await attempt(failures, `publish what came of ${handOverName(input)}`, said);
  return { left, late, kept, failures };
}

async function evacuate(ports: Ports, leaving: Leaving, from: Seconds): Promise<Evacuation> {
  const { clock } = ports;
  await clock.sleepUntil(from);
  let state: Evacuation = 'late';
  await until(clock, leaving.by, clock.now(), async () => {
    state = await evacuateSlice(ports, leaving);
    return state !== 'again';
  });
  return state;
}

async function slicesOn(ports: Ports, instance: string): Promise<readonly StoredSlice[]> {
  const all = await ports.store.slices();
  return all.filter(({ slice }) => parseSliceId(slice).instance === instance);
}

const shardsOf = (slices: readonly StoredSlice[]) => [
  ...new Set(slices.flatMap(({ placement }) => ownerOf(placement) ?? [])),
];
