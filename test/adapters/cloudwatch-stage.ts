import { CloudWatchMetrics } from '../../adapters/aws/cloudwatch.ts';
import { writeRoute } from '../../adapters/aws/route-items.ts';
import { VirtualClock } from '../../backtest/world/clock.ts';
import type { StoredSlice } from '../../core/ports.ts';
import { type SettingsInput, settingsSchema } from '../../core/settings/schema.ts';
import { DAY, MINUTE } from '../../core/time.ts';
import { MemoryTable } from '../model-aws/memory-table.ts';
import { settingsOf, T0 } from '../world/fixtures.ts';
import { CloudWatchModel } from './cloudwatch-model.ts';

export type Shard = Partial<SettingsInput['shards'][number]>;

interface Options {
  readonly metrics?: SettingsInput['metrics'];
  readonly shard?: Shard;
  readonly slices?: readonly StoredSlice[];
  readonly routed?: readonly string[];
}

/** CloudWatchMetrics over a model of CloudWatch, 25 s after the minute {@link at}(0) has begun. */
export async function stage(
  names: readonly string[],
  { metrics, shard, slices = [], routed = names }: Options = {},
) {
  // Next to nothing, so that the minute before is complete; not given, it would be what CloudWatch takes.
  const settings = settingsSchema.parse({
    ...settingsOf(names, {}, shard),
    metrics: { delay: 1, ...metrics },
  });
  const clock = new VirtualClock(T0 + 20 * DAY + 25);
  const table = new MemoryTable();
  const model = new CloudWatchModel();
  const warnings: string[] = [];
  for (const name of routed) {
    const route = {
      targetGroup: 'arn',
      targetGroupName: `targetgroup/${name}/1`,
      loadBalancer: 'app/lb/1',
      own: true,
    };
    await writeRoute(table, { shard: name, ...route });
  }
  const parts = {
    client: model.client,
    clock,
    table,
    settings,
    store: { slices: async () => slices },
    warn: (problem: string) => void warnings.push(problem),
  };
  const cloudWatch = new CloudWatchMetrics(parts);
  const measured = () => clock.settle(cloudWatch.measured(names));
  const pass = (seconds: number) => clock.runUntil(clock.now() + seconds);
  return { clock, model, warnings, cloudWatch, measured, pass, parts };
}

/** The minute that began at 20 days, or so many minutes later. */
export const at = (minutes: number) => T0 + 20 * DAY + minutes * MINUTE;
/** Points of the last ten minutes before `until`, each with a value. */
export const minutes = (value: number, until = 0) =>
  new Map(Array.from({ length: 10 }, (_, i) => [at(until - 1 - i), value] as const));
