import type { Settings } from '../../core/settings/schema.ts';

/** $ per metric asked for by GetMetricData: us-east-1, list price of 2026-11 ($0.01 per 1,000 metrics, pages included). */
export const USD_PER_METRIC = 0.01 / 1000;
const MINUTES_PER_MONTH = 730 * 60;

export interface Asked {
  /** Serving instances, of which CPU and memory are asked for with `metrics.hosts`. @default 0 */
  readonly instances?: number;
  /** Share of the questions in which a shard was silent, so that its hosts are asked for too. @default 0 */
  readonly silentShare?: number;
}

/** Metrics that measuring asks CloudWatch for in a month, and what that costs. The reporter asks for none. */
export function monthlyMetrics(
  { shards, metrics }: Pick<Settings, 'shards' | 'metrics'>,
  { instances = 0, silentShare = 0 }: Asked = {},
): { readonly metrics: number; readonly usd: number } {
  if (metrics.source === 'reporter') return { metrics: 0, usd: 0 };
  const perQuestion = shards.reduce((sum, { measure, react, targetGroup }) => {
    // Of an adopted target group the hosts are always asked for.
    const hosts = measure.load !== undefined ? 0 : targetGroup === undefined ? silentShare : 1;
    return sum + 1 + hosts + (react.latency === undefined ? 0 : 1) + measure.utilization.length;
  }, 0);
  const hosts = metrics.hosts ? 2 * instances : 0;
  // Turns are whole minutes.
  const questions = MINUTES_PER_MONTH / Math.ceil(metrics.every / 60);
  const asked = (perQuestion + hosts) * questions;
  return { metrics: asked, usd: asked * USD_PER_METRIC };
}
