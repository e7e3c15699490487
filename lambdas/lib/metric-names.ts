/**
 * Every custom metric, for the functions that publish and for the dashboards and alarms that read. Of the fleet as a
 * whole, because each costs $0.30 a month: per-shard charts are drawn from the table.
 */

/** CloudWatch namespace; the one dimension is `service`. */
export const METRIC_NAMESPACE = 'Foreshard';

/** Unit as CloudWatch names it, and what one value, of one tick, says. */
export const METRICS = {
  GoodTick: { unit: 'Count', about: '1 where a plan was made and carried out, 0 where not.' },
  TickSeconds: { unit: 'Seconds', about: 'How long the tick took.' },
  RunningInstances: { unit: 'Count', about: 'Instances that run.' },
  ReadyInstances: { unit: 'Count', about: 'Of them, what is bound to no shard (instances of weight 1).' },
  PoolTarget: { unit: 'Count', about: 'How large the ready pool should be (instances of weight 1).' },
  WarmInstances: { unit: 'Count', about: 'Stopped instances in the warm pool.' },
  StartingInstances: { unit: 'Count', about: 'Instances on their way up.' },
  MovesStarted: { unit: 'Count', about: 'Moves that the tick started.' },
  MoveFailures: {
    unit: 'Count',
    about: 'Moves that failed, or could not be started, since the last good tick.',
  },
  Interruptions: { unit: 'Count', about: 'Spot notices since the last good tick.' },
  GuaranteesAtRisk: { unit: 'Count', about: 'Shards that have less than they are guaranteed.' },
  LoadLateShards: { unit: 'Count', about: 'Shards whose load is late.' },
  ForecastLateShards: { unit: 'Count', about: 'Shards whose forecast is late.' },
  DriftCorrected: { unit: 'Count', about: 'Slices and instances that were put right.' },
  UnmetShare: {
    unit: 'None',
    about: 'Measured load above the serving capacity, over all measured load (0 to 1).',
  },
} as const;

export type MetricName = keyof typeof METRICS;
