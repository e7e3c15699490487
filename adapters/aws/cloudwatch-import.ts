import {
  DescribeLoadBalancersCommand,
  DescribeTargetGroupsCommand,
  type DescribeTargetGroupsCommandOutput,
  type ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { periodAt } from '../../core/forecast/history.ts';
import type { KnownRoute } from '../../core/routes/seen.ts';
import type { Settings } from '../../core/settings/schema.ts';
import { formatStamp } from '../../core/settings/stamp.ts';
import { HOUR, MINUTE, type Seconds } from '../../core/time.ts';
import { hostsOf, loadOf, requestsOf } from './cloudwatch-asks.ts';
import { USD_PER_METRIC } from './cloudwatch-cost.ts';
import { readLoad, type Source } from './cloudwatch-history.ts';
import type { CloudWatch, Window } from './cloudwatch-read.ts';
import { dimensionOf } from './route-items.ts';

/** One column of an imported history. */
export interface Column extends Source {
  readonly name: string;
}

/** Columns on their way at once: CloudWatch takes 50 calls a second. */
const AT_ONCE = 4;
/** A throttled column is given up after so long. */
const PATIENCE: Seconds = 5 * MINUTE;

/** A column for each shard that CloudWatch measures, and the names of those that it does not. */
export function columnsOfService(
  { shards }: Settings,
  routes: readonly KnownRoute[],
): { readonly columns: readonly Column[]; readonly without: readonly string[] } {
  const byShard = new Map(routes.map((route) => [route.shard, route]));
  const columns: Column[] = [];
  const without: string[] = [];
  for (const shard of shards) {
    const route = byShard.get(shard.name);
    const load = loadOf(shard, route);
    if (load === undefined) without.push(shard.name);
    else columns.push({ name: shard.name, load, hosts: hostsOf(shard.name, route, shard) });
  }
  return { columns, without };
}

/**
 * A column for each target group behind an Application Load Balancer, by name.
 * @param only the groups that are wanted. @default all
 * @throws {RangeError} when there is no such load balancer or group.
 */
export async function columnsOfBalancer(
  client: Pick<ElasticLoadBalancingV2Client, 'send'>,
  name: string,
  only?: readonly string[],
): Promise<readonly Column[]> {
  const groups = await groupsBehind(client, await balancerArn(client, name));
  const missing = only?.find((group) => !groups.has(group));
  if (missing !== undefined) {
    const there = [...groups.keys()].join(', ') || 'no target group';
    throw new RangeError(`--target-group: expected one of ${name} (${there}), got ${missing}`);
  }
  return (only ?? [...groups.keys()]).map((group) => {
    const route = groups.get(group)!;
    return { name: group, load: requestsOf(group, route)!, hosts: hostsOf(group, route) };
  });
}

async function balancerArn(
  client: Pick<ElasticLoadBalancingV2Client, 'send'>,
  name: string,
): Promise<string> {
  const wrong = (got: string) =>
    new RangeError(`--load-balancer: expected the name of an Application Load Balancer, got ${got}`);
  try {
    const { LoadBalancers } = await client.send(new DescribeLoadBalancersCommand({ Names: [name] }));
    const { LoadBalancerArn: arn, Type } = LoadBalancers?.[0] ?? {};
    if (arn === undefined) throw wrong(`${name}, which is not there`);
    if (Type !== 'application') throw wrong(`${name}, a ${Type} one`);
    return arn;
  } catch (error) {
    if ((error as Error).name === 'LoadBalancerNotFoundException') throw wrong(`${name}, which is not there`);
    throw error;
  }
}

async function groupsBehind(client: Pick<ElasticLoadBalancingV2Client, 'send'>, balancer: string) {
  const groups = new Map<string, { targetGroupName: string; loadBalancer: string }>();
  let marker: string | undefined;
  do {
    const page: DescribeTargetGroupsCommandOutput = await client.send(
      new DescribeTargetGroupsCommand({
        LoadBalancerArn: balancer,
        ...(marker !== undefined && { Marker: marker }),
      }),
    );
    for (const { TargetGroupName: name, TargetGroupArn: arn } of page.TargetGroups ?? []) {
      if (name === undefined || arn === undefined) continue;
      groups.set(name, { targetGroupName: dimensionOf(arn), loadBalancer: dimensionOf(balancer) });
    }
    marker = page.NextMarker;
  } while (marker !== undefined);
  return groups;
}

/**
 * What is read: one step throughout, as fine as CloudWatch still has the oldest of it, whole steps only.
 * @throws {RangeError} when that is nothing.
 */
export function importWindow(from: Seconds, to: Seconds, now: Seconds): Window {
  const period = periodAt(now - from);
  if (period === undefined)
    throw new RangeError(
      `--from: expected a time in the last 455 days, which CloudWatch keeps, got ${formatStamp(from)}`,
    );
  const begin = Math.ceil(from / period) * period;
  const end = Math.floor(Math.min(to, now) / period) * period;
  if (begin >= end)
    throw new RangeError(
      `--to: expected a time at least ${period} s after --from (${formatStamp(from)}), got ${formatStamp(Math.min(to, now))}`,
    );
  return { from: begin, end, period };
}

/** How many metrics are asked for, at least and at most (hosts are asked for where there was silence), and their price ($). */
export function importCost(columns: readonly Column[]): {
  readonly least: number;
  readonly most: number;
  readonly usd: number;
} {
  const most = columns.length + columns.filter(({ hosts }) => hosts !== undefined).length;
  return { least: columns.length, most, usd: most * USD_PER_METRIC };
}

/**
 * Reads each column on its own: a metric costs the same alone, and one answer holds all of its points.
 * @returns by column, by step; `NaN` where nothing is known
 * @throws what reading throws
 */
export async function readColumns(
  cloudWatch: CloudWatch,
  columns: readonly Column[],
  window: Window,
  onColumn: (done: number) => void,
): Promise<readonly Float64Array[]> {
  const { from, end, period } = window;
  const loads = columns.map(() => new Float64Array((end - from) / period).fill(Number.NaN));
  const waiting = [...columns.entries()].reverse();
  let done = 0;
  const work = async () => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const [i, column] = next;
      const points = await readLoad(cloudWatch, column, window, cloudWatch.clock.now() + PATIENCE);
      for (const { time, load } of points) loads[i]![(time - from) / period] = load;
      onColumn(++done);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return loads;
}

/** `5 minutes`, for people. */
export const periodText = (period: Seconds) =>
  period >= HOUR ? 'an hour' : period > MINUTE ? `${period / MINUTE} minutes` : 'a minute';
