import { MIB } from '../bytes.ts';
import type { Measured } from '../capacity/plan.ts';
import type { AgentState } from '../hand-over/agents.ts';
import type { Settings, ShardSettings } from '../settings/schema.ts';
import { type Instance, slicesOf } from '../shards/instance.ts';
import { ownerOf } from '../shards/placement.ts';
import type { Slice } from '../shards/slice.ts';
import type { Seconds } from '../time.ts';
import type { Baseline } from './baseline.ts';
import { type CostInput, costOf } from './cost.ts';
import { dependantsOf } from './graph.ts';
import { type AdvisorClass, likelihoodOf } from './likelihood.ts';
import type { PoolHistory } from './pool-history.ts';
import { type Likelihood, poolKey, type SliceRisk } from './risk.ts';

/** What the risk is made of, besides the fleet itself. */
export interface RiskInputs {
  readonly agents: readonly AgentState[];
  /** By {@link poolKey}. */
  readonly pools: ReadonlyMap<string, PoolHistory>;
  /** What is usual, by shard and metric. */
  readonly baselines: Readonly<Record<string, Readonly<Record<string, Baseline>>>>;
}

export const NO_RISK_INPUTS: RiskInputs = { agents: [], pools: new Map(), baselines: {} };

/** An On-Demand instance is not taken. */
const SAFE: Likelihood = { within15: 0, within60: 0, parts: {} };

/**
 * The risk of each slice that serves a shard, or enters one whose state it may hold already, in the order of the
 * instances. Pure.
 */
export function risksOf(
  instances: readonly Instance[],
  measured: readonly Measured[],
  inputs: RiskInputs,
  settings: Settings,
  now: Seconds,
): SliceRisk[] {
  const shards = new Map(settings.shards.map((shard) => [shard.name, shard]));
  const dependants = dependantsOf(settings.shards);
  const utilization = new Map(measured.map((one) => [one.shard, one.utilization]));
  const agents = new Map(
    inputs.agents.flatMap(({ slices }) => slices.map((one) => [one.slice, one] as const)),
  );
  const serving = servingSlices(instances, shards);
  const counts = new Map<string, number>();
  for (const { shard, slice } of serving)
    if (slice.placement.kind === 'active') counts.set(shard, (counts.get(shard) ?? 0) + 1);
  const likelihoods = new Map<string, Likelihood>();

  return serving.flatMap(({ slice, instance, shard }) => {
    const its = shards.get(shard);
    if (its === undefined) return [];
    let likelihood = likelihoods.get(instance.id);
    if (likelihood === undefined) {
      likelihood = likelihoodFor(instance, inputs, settings, now);
      likelihoods.set(instance.id, likelihood);
    }
    const said = agents.get(slice.id);
    const state = stateOf(its, said);
    const input: CostInput = {
      settings: its.risk,
      priority: its.priority,
      slices: counts.get(shard) ?? 1,
      hasState: its.handOver.state === 'copy',
      ...state,
      metrics: said?.metrics ?? {},
      baselines: inputs.baselines[shard] ?? {},
      dependants: dependants.get(shard)!.size,
      ...(utilization.get(shard) !== undefined && { utilization: utilization.get(shard)! }),
    };
    const cost = costOf(input);
    return [
      {
        slice: slice.id,
        instance: instance.id,
        shard,
        ...(instance.group === 'spot' && { pool: { type: instance.type, zone: instance.zone } }),
        likelihood,
        cost,
        score: likelihood.within60 * cost.total,
        ...state,
      },
    ];
  });
}

interface Serving {
  readonly slice: Slice;
  readonly instance: Instance;
  readonly shard: string;
}

function servingSlices(
  instances: readonly Instance[],
  shards: ReadonlyMap<string, ShardSettings>,
): Serving[] {
  return instances.flatMap((instance) =>
    slicesOf(instance).flatMap((slice) => {
      const { kind } = slice.placement;
      const shard = kind === 'active' || kind === 'activating' ? ownerOf(slice.placement) : undefined;
      if (shard === undefined) return [];
      // Who activates it may have handed it slots: with state it needs a reserve from then on.
      const counts = kind === 'active' || shards.get(shard)?.handOver.state === 'copy';
      return counts ? [{ slice, instance, shard }] : [];
    }),
  );
}

function likelihoodFor(
  instance: Instance,
  { pools }: RiskInputs,
  settings: Settings,
  now: Seconds,
): Likelihood {
  if (instance.group !== 'spot') return SAFE;
  if (instance.state === 'interrupted') return { within15: 1, within60: 1, parts: { notice: 1 } };
  const { type, zone } = instance;
  const advisorClass = settings.fleet.instanceTypes.find((one) => one.type === type)?.interruptionClass;
  const pool = pools.get(poolKey({ type, zone }));
  const neighbours = [...pools].flatMap(([key, history]) => {
    const [otherType, otherZone] = key.split('/');
    return (otherType === type) !== (otherZone === zone) ? [history] : [];
  });
  return likelihoodOf({
    now,
    since: instance.since,
    neighbours,
    ...(pool !== undefined && { pool }),
    ...(advisorClass !== undefined && { advisorClass: advisorClass as AdvisorClass }),
    ...(instance.state === 'running' &&
      instance.rebalanceAt !== undefined && { rebalanceAt: instance.rebalanceAt }),
  });
}

/** As the agent measured it, else as the settings say. */
function stateOf(
  { handOver }: ShardSettings,
  said: { readonly stateBytes: number; readonly dirtyBytesPerSecond: number } | undefined,
): { readonly stateMiB: number; readonly dirtyMiBps: number } {
  if (handOver.state === 'none') return { stateMiB: 0, dirtyMiBps: 0 };
  if (said !== undefined)
    return { stateMiB: said.stateBytes / MIB, dirtyMiBps: said.dirtyBytesPerSecond / MIB };
  return { stateMiB: handOver.stateMiB, dirtyMiBps: handOver.stateMiB * handOver.dirtyPerSecond };
}
