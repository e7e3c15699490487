import type { MetricDataQuery } from '@aws-sdk/client-cloudwatch';
import type { KnownRoute } from '../../core/routes/seen.ts';
import type { ShardSettings } from '../../core/settings/schema.ts';
import { MINUTE, type Seconds } from '../../core/time.ts';

/** A CloudWatch metric as the settings name one. */
export type Metric = NonNullable<ShardSettings['measure']['load']>;

/** One metric that is asked for, and whose it is. Each costs the same, however many points come back. */
export interface Ask {
  /** The shard, or the instance that `cpu` and `memory` are of. */
  readonly of: string;
  readonly what: 'load' | 'latency' | 'utilization' | 'hosts' | 'cpu' | 'memory' | 'indicator';
  readonly metric: Metric;
}

type Balanced = Pick<KnownRoute, 'targetGroupName' | 'loadBalancer'>;

const ALB = 'AWS/ApplicationELB';
const PLAIN = { scale: 1, perSecond: false };

/** A metric of a target group. CloudWatch has RequestCount per group only together with its load balancer. */
function ofGroup(route: Balanced | undefined, metric: string, stat: string): Metric | undefined {
  if (route?.loadBalancer === undefined) return undefined;
  const dimensions = { TargetGroup: route.targetGroupName, LoadBalancer: route.loadBalancer };
  return { ...PLAIN, namespace: ALB, metric, dimensions, stat, perSecond: metric === 'RequestCount' };
}

/** Requests per second of a target group, for what is no shard yet. */
export const requestsOf = (of: string, route: Balanced): Ask | undefined =>
  asked(of, 'load', ofGroup(route, 'RequestCount', 'Sum'));

/** Healthy hosts: they are counted every minute, with requests or without. Undefined where the load is no group's. */
export function hostsOf(of: string, route: Balanced | undefined, shard?: ShardSettings): Ask | undefined {
  if (shard?.measure.load !== undefined) return undefined;
  return asked(of, 'hosts', ofGroup(route, 'HealthyHostCount', 'Maximum'));
}

/** The load of a shard. Undefined where there is nothing to ask: no metric in the settings and no load balancer. */
export function loadOf(shard: ShardSettings, route: Balanced | undefined): Ask | undefined {
  return asked(shard.name, 'load', shard.measure.load ?? ofGroup(route, 'RequestCount', 'Sum'));
}

/** What else is measured of a shard: latency only where the planner would react to it. */
export function pressureOf(shard: ShardSettings, route: Balanced | undefined): Ask[] {
  const latency = shard.measure.latency ?? ofGroup(route, 'TargetResponseTime', 'p90');
  const asks = shard.react.latency === undefined ? [] : [asked(shard.name, 'latency', latency)];
  asks.push(...shard.measure.utilization.map((metric) => asked(shard.name, 'utilization', metric)));
  return asks.filter((ask) => ask !== undefined);
}

/** CPU and memory of an instance; memory is there where the CloudWatch agent aggregates it by instance. */
export function machineOf(instance: string): Ask[] {
  const percent = { dimensions: { InstanceId: instance }, stat: 'Average', scale: 0.01, perSecond: false };
  return [
    { of: instance, what: 'cpu', metric: { ...percent, namespace: 'AWS/EC2', metric: 'CPUUtilization' } },
    {
      of: instance,
      what: 'memory',
      metric: { ...percent, namespace: 'CWAgent', metric: 'mem_used_percent' },
    },
  ];
}

export function queryOf({ metric }: Ask, id: string, period: Seconds): MetricDataQuery {
  const { namespace, metric: name, dimensions, stat } = metric;
  return {
    Id: id,
    MetricStat: {
      Metric: {
        Namespace: namespace,
        MetricName: name,
        Dimensions: Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value })),
      },
      Period: period,
      Stat: stat,
    },
  };
}

/** A value in the shard's unit, as if it had been measured over a minute. */
export function scaled({ metric: { stat, scale, perSecond } }: Ask, value: number, period: Seconds): number {
  if (perSecond) return (value * scale) / period;
  // A sum over five minutes is five times one over a minute.
  const minutes = stat === 'Sum' || stat === 'SampleCount' ? period / MINUTE : 1;
  return (value * scale) / minutes;
}

function asked(of: string, what: Ask['what'], metric: Metric | undefined): Ask | undefined {
  return metric && { of, what, metric };
}
