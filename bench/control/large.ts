import { ForecastStore } from '../../adapters/aws/forecasts.ts';
import { HealthItems } from '../../adapters/aws/health-items.ts';
import { LEVELS } from '../../core/forecast/forecast.ts';
import { MINUTE } from '../../core/time.ts';
import { Machines } from './machines.ts';
import { choose, minuteOf } from './moves.ts';
import { Stage } from './stage.ts';
import { nextMinute, planOf } from './tick.ts';

/** The large service: AWS's buckets enforced, 20 ms for each call. */
const LARGE = { shards: 1000, instances: 5000, ready: 50, latency: 0.02, buckets: true };

export interface LargeTick {
  readonly what: string;
  readonly seconds: number;
  readonly waited: number;
  readonly moves: number;
  readonly actions: number;
}

/**
 * Ticks of 1,000 shards with 5,000 instances: the first one of a new process, a quiet one, and one in which the
 * forecast of a third of the shards has risen, so that it starts as many moves as it may, and instances.
 */
export async function largeTicks(): Promise<LargeTick[]> {
  const stage = new Stage(LARGE);
  await stage.seed();
  const tick = planOf(stage, LARGE.latency);
  const ticks: LargeTick[] = [];
  for (const what of ['the first one of a process', 'nothing to do', 'a third of the shards rises']) {
    await nextMinute(stage);
    if (what.startsWith('a third')) await rise(stage);
    const { result, waited, computed } = await stage.timed(tick);
    const rounds = 'rounds' in result ? result.rounds : [];
    if (result.outcome !== 'done') throw new Error(`tick: ${JSON.stringify(result).slice(0, 300)}`);
    ticks.push({
      what,
      seconds: waited + computed,
      waited,
      moves: rounds.reduce((sum, { tick }) => sum + (tick?.moves.length ?? 0), 0),
      actions: rounds.reduce((sum, { tick }) => sum + (tick?.actions.length ?? 0), 0),
    });
  }
  return ticks;
}

async function rise(stage: Stage): Promise<void> {
  const at = stage.clock.now();
  const store = new ForecastStore(stage.table);
  const forecasts = await stage.clock.settle(store.read());
  const risen = [...forecasts.values()].slice(0, LARGE.shards / 3).map((one) => ({
    ...one,
    at,
    horizons: one.horizons.map(({ ahead, quantiles }) => ({
      ahead,
      quantiles: LEVELS.map((_, i) => (quantiles[i] ?? 0) * 1.4),
    })),
  }));
  await stage.clock.settle(store.write(risen));
}

const SWEEP_MINUTES = 30;
/** Ten times the moves of the scenario, as the fleet is ten times as large. */
const MOVES_PER_MINUTE = 14;

/** Age of the oldest look at a target group (s), worst minute of half an hour with moves in flight. */
export async function oldestLook(): Promise<number> {
  const stage = new Stage({ ...LARGE, ready: 500 });
  await stage.seed();
  const machines = new Machines(stage, () => 512, LARGE.latency);
  const work: Promise<unknown>[] = [];
  let worst = 0;
  for (let i = 0; i < SWEEP_MINUTES; i++) {
    const moves = await choose(stage, i * MOVES_PER_MINUTE, MOVES_PER_MINUTE);
    work.push(...(await minuteOf(stage, machines, moves)));
    const looks = await stage.clock.settle(new HealthItems(stage.table).all());
    const now = stage.clock.now();
    for (const { triedAt } of looks.values()) worst = Math.max(worst, now - triedAt);
    if (looks.size < LARGE.shards) worst = Math.max(worst, (i + 1) * MINUTE);
  }
  await stage.clock.settle(Promise.all(work));
  return worst;
}
