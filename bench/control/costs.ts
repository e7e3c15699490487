import { CHUNK_SHARDS } from '../../flows/forecast.ts';
import { METRICS } from '../../lambdas/lib/metric-names.ts';
import { agentCosts, SLOTS } from './agents.ts';
import { forecastCosts } from './forecasting.ts';
import { type MoveCosts, moveCosts } from './moves.ts';
import { DAYS_PER_MONTH, HOURS_PER_MONTH, type Item, MINUTES_PER_MONTH } from './prices.ts';
import { tickCosts } from './standing.ts';
import { countOf, type Synthesised } from './synth.ts';
import { Usage } from './usage.ts';

/** The scenario: what a service of so many shards asks for in a month. */
export interface Scenario {
  readonly shards: number;
  readonly instances: number;
  readonly movesPerDay: number;
  readonly handOversPerDay: number;
}

export const SCENARIO: Scenario = { shards: 100, instances: 500, movesPerDay: 2000, handOversPerDay: 20 };

/** The same for a service of another size: five instances, 20 moves and 0.2 hand-overs a day for each shard. */
export const scaled = (shards: number): Scenario => ({
  shards,
  instances: 5 * shards,
  movesPerDay: 20 * shards,
  handOversPerDay: shards / 5,
});

/**
 * One line of the bill. `part`: which of the three figures it belongs to; `agents` and `reserves` belong to none: they come
 * on top where shards have state, here all of them.
 */
export interface Line {
  readonly part: (typeof PARTS)[number];
  readonly what: string;
  /** A month of the scenario. */
  readonly usage: Usage;
}

export const PARTS = ['standing', 'moves', 'observability', 'agents', 'reserves'] as const;

export interface Costs {
  readonly lines: readonly Line[];
  readonly moves: MoveCosts;
}

const LATENCY = 0.02;
/** Old versions of the forecasters' states are deleted after a day; S3 does so at the next midnight. */
const VERSIONS_KEPT_DAYS = 1.5;
/** Somebody has the dashboard open for so long a day, renewed each minute. */
const LOOKED_AT_HOURS = 2;
/**
 * Idle instances for each shard that has state: what `npm run bench:interruptions -- --days 4` measures of its 40 shards
 * (docs/reserves.md, `reservedHoursVsSparePerShard`), on Spot pools that are lost far more often than most.
 */
const IDLE_PER_SHARD = 0.3;
/** Bytes of a move's record, kept for 30 days. */
const MOVE_RECORD = 700;

/** Everything that Foreshard causes but instances and load balancers, counted while the handlers' own work runs. */
export async function costs(scenario: Scenario, { memory, ...rest }: Synthesised): Promise<Costs> {
  const { shards, instances, movesPerDay, handOversPerDay } = scenario;
  const options = { shards, instances, latency: LATENCY, buckets: true };
  const tick = await tickCosts(options, memory);
  const withState = await tickCosts({ ...options, slots: SLOTS }, memory);
  const agents = await agentCosts();
  const forecast = await forecastCosts(options, memory);
  // Enough ready slices for an hour of moves.
  const ready = Math.ceil(movesPerDay / 24);
  const moves = await moveCosts({ ...options, ready }, movesPerDay, memory);
  const [handOvers, moved] = [handOversPerDay * DAYS_PER_MONTH, movesPerDay * DAYS_PER_MONTH];
  const lines: Line[] = [
    line('standing', 'plan, every minute', tick.perTick.times(MINUTES_PER_MONTH)),
    line('standing', 'forecast, every minute', forecast.perRun.times(MINUTES_PER_MONTH)),
    line('standing', 'target health, every minute', moves.sweep.times(MINUTES_PER_MONTH)),
    line('standing', 'reports of the instances', {
      logGb: (instances * MINUTES_PER_MONTH * tick.reportBytes) / 1e9,
    }),
    // A notice is answered by one more plan.
    line('standing', 'hand-overs', moves.perHandOver.plus(tick.perTick).times(handOvers)),
    line('standing', 'what is kept', {
      tableGbMonths:
        (tick.keptBytes + movesPerDay * 30 * MOVE_RECORD + shards * 2048 + instances * 400) / 1e9,
      s3GbMonths: (forecast.stateBytes * (1 + VERSIONS_KEPT_DAYS * 1440)) / 1e9,
    }),
    line('moves', 'moves', moves.perMove.times(moved)),
    line('agents', 'beats, looks at slots', agents.perMinute.times(instances * MINUTES_PER_MONTH)),
    line('agents', 'plan: agents and slots', withState.perTick.beyond(tick.perTick).times(MINUTES_PER_MONTH)),
    line('agents', 'records of hand-overs', agents.perHandOver.times(handOvers)),
    line('reserves', `instances that wait, ${IDLE_PER_SHARD} for each shard`, {
      instanceHours: IDLE_PER_SHARD * shards * HOURS_PER_MONTH,
    }),
    line('observability', 'metrics, alarms, dashboard', {
      customMetrics: Object.keys(METRICS).length,
      alarms: countOf({ memory, ...rest }, 'AWS::CloudWatch::Alarm'),
      dashboards: countOf({ memory, ...rest }, 'AWS::CloudWatch::Dashboard'),
      keys: countOf({ memory, ...rest }, 'AWS::KMS::Key'),
    }),
    line('observability', 'charts of the shards', tick.perChart.times(LOOKED_AT_HOURS * 60 * DAYS_PER_MONTH)),
    // One for each run of plan, forecast and the poller, one for each execution: Lambda records the first of each second.
    line('observability', 'traces', { traces: 3 * MINUTES_PER_MONTH + moved + handOvers }),
  ];
  if (shards > ONE_FUNCTION) lines.push(line('standing', 'machine forecast-fleet', fleetMachine(shards)));
  const logGbMonths = lines.reduce((sum, { usage }) => sum + usage.of('logGb'), 0);
  lines.push(line('observability', 'logs, kept for a month', { logGbMonths }));
  return { lines, moves };
}

/** Up to so many shards one run of the function forecasts all. */
const ONE_FUNCTION = 200;
/** GB-seconds of an Express execution that waits for one function: 64 MB for as long as a chunk takes. */
const EXPRESS_GB_SECONDS = 0.064 * 3;

/** A run each minute: five states of the Standard machine, an Express execution per chunk, whose start counts too. */
function fleetMachine(shards: number): Usage {
  const chunks = Math.ceil(shards / CHUNK_SHARDS);
  const usage = new Usage();
  usage.add('stateTransitions', 5 + chunks);
  usage.add('expressRequests', chunks);
  usage.add('expressGbSeconds', chunks * EXPRESS_GB_SECONDS);
  return usage.times(MINUTES_PER_MONTH);
}

function line(part: Line['part'], what: string, usage: Usage | Partial<Record<Item, number>>): Line {
  if (usage instanceof Usage) return { part, what, usage };
  const made = new Usage();
  for (const [item, amount] of Object.entries(usage)) made.add(item as Item, amount);
  return { part, what, usage: made };
}

export function sumOf({ lines }: Costs, part: Line['part']): number {
  return lines.filter((one) => one.part === part).reduce((sum, { usage }) => sum + usage.usd, 0);
}
