import type { FunctionName } from '../../lambdas/environment.ts';
import { handler as shardCharts } from '../../lambdas/shard-charts/handler.ts';
import { sizeOf } from './counting-table.ts';
import { Stage, type StageOptions } from './stage.ts';
import { nextMinute, planOf } from './tick.ts';
import { invoked, Usage } from './usage.ts';

export interface TickCosts {
  readonly perTick: Usage;
  /** One drawing of the dashboard's widget. */
  readonly perChart: Usage;
  /** Bytes of a report line, with what CloudWatch Logs adds to each. */
  readonly reportBytes: number;
  /** Bytes that plans and loads leave in the table a minute. */
  readonly keptBytes: number;
}

const WARM_UP = 5;
const TICKS = 20;
/** CloudWatch Logs adds this to each event for its own bookkeeping. */
const LOG_EVENT = 26;
/** The tick's line of metrics (EMF) and the lines that tell what it did. */
const TICK_LOG = 2200;

/** Ticks of a fleet in which nothing has to be moved: the price of looking. Moves have their own. */
export async function tickCosts(
  options: StageOptions,
  memory: (name: FunctionName) => number,
): Promise<TickCosts> {
  const stage = new Stage(options);
  await stage.seed();
  const tick = planOf(stage, options.latency);
  const all = new Usage();
  for (let i = 0; i < WARM_UP + TICKS; i++) {
    await nextMinute(stage);
    stage.reset();
    const { result, waited, computed } = await stage.timed(tick);
    if (result.outcome !== 'done')
      throw new Error(`tick: expected done, got ${JSON.stringify(result).slice(0, 300)}`);
    if (i < WARM_UP) continue;
    const { usage } = stage.counting;
    invoked(usage, { memory: memory('plan'), waited, computed, logged: TICK_LOG });
    usage.add('schedules', 1);
    for (const { item, amount } of usage.lines()) all.add(item, amount / TICKS);
  }
  const line = stage.reports(0)[0] ?? '';
  return {
    perTick: all,
    perChart: await chart(stage, memory),
    reportBytes: Buffer.byteLength(line) + LOG_EVENT,
    keptBytes: await kept(stage),
  };
}

async function chart(stage: Stage, memory: (name: FunctionName) => number): Promise<Usage> {
  const { table, settings, clock } = stage;
  const parts = { table, settings: { read: async () => ({ settings, text: '', etag: '' }) } };
  const widget = { most: 12 };
  const now = clock.now();
  const work = () => shardCharts.work(widget, { parts, now: () => now } as never);
  stage.reset();
  const { waited, computed } = await stage.timed(work);
  const usage = stage.reset();
  invoked(usage, { memory: memory('shard-charts'), waited, computed });
  usage.add('s3Gets', 1);
  return usage;
}

async function kept({ table, clock }: Stage): Promise<number> {
  const [plans, loads] = await clock.settle(
    Promise.all([
      table.query('plan'),
      table.query(`load#${new Date(clock.now() * 1000).toISOString().slice(0, 10)}`),
    ]),
  );
  const mean = (items: readonly object[]) =>
    items.reduce((sum, item) => sum + sizeOf(item), 0) / Math.max(1, items.length);
  return mean(plans) * 7 * 1440 + mean(loads) * 16 * 1440;
}
