import { attempt, type Failure } from '../core/failure.ts';
import type { AgentState } from '../core/hand-over/agents.ts';
import { type Baseline, learned } from '../core/interruption/baseline.ts';
import type { PoolHistory } from '../core/interruption/pool-history.ts';
import type { SpotPool } from '../core/interruption/risk.ts';
import type { RiskInputs } from '../core/interruption/risks.ts';
import type { Ports } from '../core/ports.ts';
import type { Settings } from '../core/settings/schema.ts';
import type { Instance } from '../core/shards/instance.ts';
import { MINUTE, type Seconds } from '../core/time.ts';

type Baselines = RiskInputs['baselines'];

/** What is remembered from one look at the risk to the next. */
export interface RiskMemory {
  pools(): Promise<ReadonlyMap<string, PoolHistory>>;
  /** One more interruption of a pool; the same one may be noted again. */
  note(pool: SpotPool, at: Seconds): Promise<void>;
  baselines(): Promise<Baselines>;
  keepBaselines(baselines: Baselines): Promise<void>;
}

/** Baselines have a half-life of a day: they need not be written every minute. */
const KEEP_EVERY: Seconds = 10 * MINUTE;

/** Reads what the risk is made of; a service without Spot or state is not asked for what it has not. */
export async function readRiskInputs(
  { agents }: Pick<Ports, 'agents'>,
  memory: Pick<RiskMemory, 'pools' | 'baselines'>,
  settings: Settings,
): Promise<RiskInputs> {
  const hasAgents = settings.shards.some(({ handOver }) => handOver.state === 'copy');
  const [said, pools, baselines] = await Promise.all([
    hasAgents ? agents.list() : [],
    settings.fleet.spotShare > 0 ? memory.pools() : new Map<string, PoolHistory>(),
    hasAgents ? memory.baselines() : {},
  ]);
  return { agents: said, pools, baselines };
}

/** Remembers the interruptions that are under way, and what is usual of each shard now. What fails is noted. */
export async function rememberRisk(
  memory: RiskMemory,
  instances: readonly Instance[],
  { agents, baselines }: RiskInputs,
  now: Seconds,
  failures: Failure[],
): Promise<void> {
  for (const one of instances) {
    if (one.state !== 'interrupted' || one.group !== 'spot') continue;
    await attempt(failures, `remember the interruption of ${one.id}`, () => memory.note(one, one.since));
  }
  const next = learnedFrom(agents, baselines, now);
  if (next !== undefined) await attempt(failures, 'keep the baselines', () => memory.keepBaselines(next));
}

/** The baselines with what the agents say now; undefined while nothing is due. */
function learnedFrom(agents: readonly AgentState[], before: Baselines, now: Seconds): Baselines | undefined {
  const values = new Map<string, Map<string, number[]>>();
  for (const { shard, metrics } of agents
    .filter(({ leaseUntil }) => leaseUntil > now)
    .flatMap(({ slices }) => slices)) {
    if (shard === undefined) continue;
    const its = values.get(shard) ?? new Map<string, number[]>();
    values.set(shard, its);
    for (const [metric, value] of Object.entries(metrics))
      its.set(metric, [...(its.get(metric) ?? []), value]);
  }
  const next: Record<string, Record<string, Baseline>> = {};
  for (const [shard, metrics] of Object.entries(before)) next[shard] = { ...metrics };
  let isDue = false;
  for (const [shard, its] of values) {
    const known: Record<string, Baseline> = next[shard] ?? {};
    next[shard] = known;
    for (const [metric, all] of its) {
      if (now - (known[metric]?.at ?? 0) < KEEP_EVERY) continue;
      isDue = true;
      known[metric] = learned(known[metric], all.reduce((sum, one) => sum + one, 0) / all.length, now);
    }
  }
  return isDue ? next : undefined;
}
