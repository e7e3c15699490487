import type { Plan, Snapshot } from '../../core/capacity/plan.ts';
import type { Ended } from '../../flows/minute.ts';
import type { MetricName } from '../lib/metric-names.ts';

/** What one round of the tick says in metrics; of one without a plan no more than that it failed. */
export function metricsOf(round: Ended): Partial<Record<MetricName, number>> {
  const { tick, reconciled, good, seconds, failedMoves, countedFrom, countedTo } = round;
  const base = { GoodTick: good ? 1 : 0, TickSeconds: seconds };
  if (tick === undefined) return base;
  const { plan, snapshot, moves } = tick;
  const counted = (is: (instance: Snapshot['instances'][number]) => boolean) =>
    snapshot.instances.filter(is).length;
  const found = (kind: Plan['findings'][number]['kind']) =>
    plan.findings.filter((one) => one.kind === kind).length;
  const { added = [], removed = [], recovered = [], evicted = [], retired = [] } = reconciled ?? {};
  return {
    ...base,
    RunningInstances: counted(({ state }) => state === 'running'),
    ReadyInstances: plan.pool.ready,
    PoolTarget: plan.pool.target,
    WarmInstances: counted(({ state }) => state === 'warm'),
    StartingInstances: counted((one) => one.state === 'starting' && one.into === 'running'),
    MovesStarted: moves.length,
    MoveFailures: failedMoves,
    Interruptions: counted(
      ({ state, since }) => state === 'interrupted' && since > countedFrom && since <= countedTo,
    ),
    GuaranteesAtRisk: found('GuaranteeAtRisk'),
    LoadLateShards: found('LoadLate'),
    ForecastLateShards: found('ForecastLate'),
    DriftCorrected: [added, removed, recovered, evicted, retired].reduce(
      (sum, { length }) => sum + length,
      0,
    ),
    UnmetShare: unmetShare(plan, snapshot),
  };
}

/** Of the shards that are served by the plan: what was measured above what serves now, over what was measured. */
export function unmetShare({ shards }: Plan, { measured }: Snapshot): number {
  const loads = new Map(measured.map(({ shard, load = 0 }) => [shard, load]));
  let all = 0;
  let unmet = 0;
  for (const { shard, mode, have } of shards) {
    if (mode === 'shadow') continue;
    const load = loads.get(shard) ?? 0;
    all += load;
    unmet += Math.max(0, load - have);
  }
  return all > 0 ? unmet / all : 0;
}
