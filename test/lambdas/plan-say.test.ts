import { describe, expect, it } from 'vitest';
import type { Snapshot } from '../../core/capacity/plan.ts';
import { plan } from '../../core/capacity/planner.ts';
import type { Ended } from '../../flows/minute.ts';
import { METRICS } from '../../lambdas/lib/metric-names.ts';
import { say } from '../../lambdas/plan/handler.ts';
import { metricsOf, unmetShare } from '../../lambdas/plan/metrics.ts';
import {
  AT,
  factsOf,
  many,
  running,
  settingsOf,
  snapshotOf,
  steadyForecasts,
  stopped,
} from '../capacity/scene.ts';

const settings = settingsOf([{ guarantee: 1 }, { guarantee: 3 }, { mode: 'shadow' }]);
const measured: Snapshot['measured'] = [
  { shard: 'a', time: AT - 60, load: 300 },
  { shard: 'b', time: AT - 60, load: 100 },
  { shard: 'c', time: AT - 600, load: 900 },
];
const snapshot = snapshotOf(
  [
    ...many(2, () => running(settings, ['active a'])),
    running(settings, ['active b']),
    running(settings, ['ready']),
    ...many(3, () => stopped(settings)),
    { ...factsOf(settings, {}), state: 'starting', origin: 'cold', into: 'running', expectedAt: AT + 60 },
    { ...factsOf(settings, {}), state: 'starting', origin: 'cold', into: 'warm', expectedAt: AT + 60 },
    {
      ...factsOf(settings, { group: 'spot' }),
      since: AT - 10,
      state: 'interrupted',
      slices: [],
      deadline: AT + 90,
    },
    {
      ...factsOf(settings, { group: 'spot' }),
      since: AT - 90,
      state: 'interrupted',
      slices: [],
      deadline: AT + 10,
    },
  ],
  { measured },
);

function ended(change: Partial<Ended> = {}): Ended {
  const made = plan(snapshot, steadyForecasts(settings, [190, 90, 500]), settings, AT);
  const tick = { snapshot, plan: made, moves: [], actions: [], refused: [], failures: [] };
  const base = {
    at: AT,
    good: true,
    failures: [],
    seconds: 2.5,
    failedMoves: 4,
    countedFrom: AT - 60,
    countedTo: AT,
  };
  return { ...base, tick, ...change };
}

describe('the metrics of a tick', () => {
  it('are those of the fleet as it was read, and of what the plan found', () => {
    const reconciled = {
      added: ['x', 'y'],
      removed: [],
      recovered: ['z'],
      evicted: [],
      retired: [],
      failures: [],
    };
    expect(metricsOf(ended({ reconciled }))).toEqual({
      GoodTick: 1,
      TickSeconds: 2.5,
      RunningInstances: 4,
      ReadyInstances: 0,
      PoolTarget: expect.any(Number),
      WarmInstances: 3,
      StartingInstances: 1,
      MovesStarted: 0,
      MoveFailures: 4,
      Interruptions: 1,
      GuaranteesAtRisk: 1,
      LoadLateShards: 1,
      ForecastLateShards: 0,
      DriftCorrected: 3,
      UnmetShare: 0.25,
    });
  });

  it('has all that there are, and no more than fifteen', () => {
    expect(Object.keys(metricsOf(ended())).sort()).toEqual(Object.keys(METRICS).sort());
    expect(Object.keys(METRICS).length).toBeLessThanOrEqual(15);
  });

  it('of a tick without a plan say that it failed, and nothing else', () => {
    const { tick: _, ...without } = ended({ good: false });
    expect(metricsOf(without)).toEqual({ GoodTick: 0, TickSeconds: 2.5 });
  });

  it('know no unmet share where nothing was measured', () => {
    const { plan: made } = ended().tick!;
    expect(unmetShare(made, { ...snapshot, measured: [] })).toBe(0);
  });
});

describe('what a tick says', () => {
  const told = () => {
    const lines: string[] = [];
    const values: [string, number][] = [];
    const log = (level: string) => (message: unknown) => void lines.push(`${level} ${message}`);
    const logger = { info: log('info'), warn: log('warn'), error: log('error') };
    const metrics = {
      addMetric: (name: string, _: unknown, value: number) => void values.push([name, value]),
    };
    return { lines, values, working: { logger, metrics } as unknown as Parameters<typeof say>[1] };
  };

  it('of one that was skipped: a line, and no metric', () => {
    const { lines, values, working } = told();
    expect(say({ outcome: 'skipped' }, working)).toEqual({ outcome: 'skipped' });
    expect(lines).toEqual([expect.stringContaining('info tick skipped')]);
    expect(values).toEqual([]);
  });

  it('each failure and each refusal in a line, and a metric of each kind per round', () => {
    const { lines, values, working } = told();
    const refused = [{ what: 'start 1 × steady', why: 'no time' }];
    const round = ended({ tick: { ...ended().tick!, refused } });
    const failures = [{ what: 'measure the load', error: 'Error: slow' }];
    const result = say({ outcome: 'done', rounds: [round, ended()], failures }, working);
    expect(result).toEqual({ outcome: 'done', moves: 0, actions: 0, failures: 1, rounds: 2 });
    expect(lines).toEqual(['error measure the load', 'warn refused']);
    expect(values.filter(([name]) => name === 'GoodTick')).toHaveLength(2);
  });

  it('that the tick is missing where not even the lease could be had', () => {
    const { values, working } = told();
    say({ outcome: 'failed', rounds: [], failures: [{ what: 'tick', error: 'x' }] }, working);
    expect(values).toEqual([['GoodTick', 0]]);
  });
});
