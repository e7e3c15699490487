import { describe, expect, it } from 'vitest';
import type { Planned } from '../../adapters/aws/plan-record.ts';
import { Records } from '../../adapters/aws/records.ts';
import { movesKey, PK } from '../../adapters/aws/table.ts';
import type { Move, ShardPlan } from '../../core/capacity/plan.ts';
import { type Forecast, LEVELS } from '../../core/forecast/forecast.ts';
import { formatStamp } from '../../core/settings/stamp.ts';
import { DAY } from '../../core/time.ts';
import { MemoryTable } from '../model-aws/memory-table.ts';
import { T0 } from '../world/fixtures.ts';

const move = (at: number, changed: Partial<Move> = {}): Move => ({
  id: `${at}/i-1:8080`,
  slice: 'i-1:8080',
  from: { kind: 'ready' },
  to: { kind: 'active', shard: 'web' },
  reason: { rule: 'forecast', need: 900, considered: ['3 ready in the pool'] },
  ...changed,
});

const shard = (name: string): ShardPlan => ({
  shard: name,
  mode: 'active',
  have: 1234.5678,
  coming: 0,
  want: 4,
  guarantee: 1,
});

function planned(at: number, moves: readonly Move[] = [], changed: Partial<Planned> = {}): Planned {
  return {
    plan: {
      at,
      moves,
      fleet: [],
      desired: { steady: 3, spot: 1, warm: 2 },
      pool: { target: 1, ready: 2, bound: 10 },
      shards: [shard('web'), shard('cart')],
      findings: [{ kind: 'PoolExhausted', wanted: 2, had: 0 }],
    },
    moves: moves.map((one) => ({ move: one })),
    actions: [{ kind: 'start', group: 'spot', count: 2, reason: { rule: 'pool' } }],
    refused: [{ what: 'a', why: 'b' }],
    failures: [],
    ...changed,
  };
}

const forecast = (at: number, scale = 1): Forecast => ({
  shard: 'web',
  at,
  knownUntil: at,
  method: 'last',
  horizons: [60, 120].map((ahead) => ({ ahead, quantiles: LEVELS.map((level) => ahead * level * scale) })),
});

function stage() {
  const table = new MemoryTable();
  return { table, records: new Records(table) };
}

describe('records of plans', () => {
  it('gives the newest, and those of a span, with what was done', async () => {
    const { records } = stage();
    expect(await records.latestPlan()).toBeUndefined();
    for (const at of [T0, T0 + 60, T0 + 75.5]) await records.planned(planned(at, [move(at)]));
    const latest = await records.latestPlan();
    expect(latest).toMatchObject({
      at: T0 + 75.5,
      moves: 1,
      desired: { steady: 3, spot: 1, warm: 2 },
      pool: { target: 1, ready: 2, bound: 10 },
      findings: [{ kind: 'PoolExhausted' }],
      actions: [{ kind: 'start', group: 'spot', count: 2 }],
      refused: [{ what: 'a', why: 'b' }],
      failures: [],
    });
    expect(latest?.shards[1]).toEqual({ ...shard('cart'), have: 1234.6 });
    const span = async (from: number, to: number) =>
      (await records.plans({ from, to })).map(({ at }) => at - T0);
    expect(await span(T0, T0 + 60)).toEqual([0, 60]);
    expect(await span(T0 + 61, T0 + 90)).toEqual([75.5]);
    expect(await span(T0 + 90, T0 + 99)).toEqual([]);
  });

  it('remembers the forecast of one time ahead, for shards that have one', async () => {
    const { records } = stage();
    // It was made half a minute before.
    const forecasts = new Map([['web', forecast(T0 - 30)]]);
    await records.planned(planned(T0, [], { forecasts, ahead: 70 }));
    const { ahead, shards = [] } = (await records.latestPlan()) ?? {};
    expect(ahead).toBe(70);
    expect(shards.map(({ band }) => band)).toEqual([[12, 60, 108], undefined]);
    await records.planned(planned(T0, [], { forecasts, ahead: 120 }));
    expect((await records.latestPlan())?.shards[0]).not.toHaveProperty('band');
  });

  it('remembers what the forecast said of itself', async () => {
    const { records } = stage();
    const moved = [{ cause: 'event sale', factor: 1.5, ahead: 300 }];
    const forecasts = new Map([['web', { ...forecast(T0), method: 'last 1.0', moved }]]);
    await records.planned(planned(T0, [], { forecasts, ahead: 70 }));
    const [web, other] = (await records.latestPlan())?.shards ?? [];
    expect(web).toMatchObject({ method: 'last 1.0', moved });
    expect(web).not.toHaveProperty('unusual');
    expect(other).not.toHaveProperty('method');
  });

  it('keeps that something was never measured', async () => {
    const { records } = stage();
    const { plan } = planned(T0);
    const findings = [
      { kind: 'LoadLate', shard: 'web', age: Number.POSITIVE_INFINITY },
      { kind: 'ForecastLate', shard: 'web', age: 900 },
    ] as const;
    await records.planned(planned(T0, [], { plan: { ...plan, findings } }));
    expect((await records.latestPlan())?.findings).toEqual(findings);
  });

  it('fits an item at 20,000 shards, and is a few KB at 100', async () => {
    const size = async (count: number, extra: (i: number) => Partial<ShardPlan> = () => ({})) => {
      const { table, records } = stage();
      const shards = Array.from({ length: count }, (_, i) => ({
        ...shard(`tenant-${i}`),
        have: (i * 7919) % 10_007,
        want: (i * 104_729) % 10_007,
        ...extra(i),
      }));
      const forecasts = new Map(shards.map((one) => [one.shard, forecast(T0, one.have)]));
      const { plan } = planned(T0);
      await records.planned(planned(T0, [], { plan: { ...plan, shards }, forecasts, ahead: 60 }));
      expect((await records.latestPlan())?.shards).toHaveLength(count);
      const item = await table.get(PK.plan, 'latest');
      return (item?.plan as Uint8Array | undefined)?.length;
    };
    expect(await size(100)).toBeLessThan(4000);
    expect(await size(20_000)).toBeLessThan(390_000);
    // In shadow each has a reason.
    const reason = (i: number) => ({
      reason: { rule: 'forecast', need: (i * 7907) % 9973, have: i, value: ((i * 7901) % 991) / 7 } as const,
    });
    expect(await size(20_000, reason)).toBeLessThan(390_000);
  });

  it('lets plans go after 7 days and moves after 30, the newest plan never', async () => {
    const { table, records } = stage();
    await records.planned(planned(T0, [move(T0)]));
    const [latest, minute] = [await table.get(PK.plan, 'latest'), await table.get(PK.plan, formatStamp(T0))];
    expect([latest?.ttl, minute?.ttl]).toEqual([undefined, T0 + 7 * DAY]);
    expect((await table.query(movesKey(formatStamp(T0)))).map(({ ttl }) => ttl)).toEqual([T0 + 30 * DAY]);
  });
});

describe('records of moves', () => {
  it('say what was decided, and later how it ended', async () => {
    const { records, table } = stage();
    const all = { from: T0, to: T0 + DAY };
    await records.planned(planned(T0, [move(T0)]));
    expect(await records.moves(all)).toEqual([{ at: T0, move: move(T0) }]);
    await records.moveDone(T0, move(T0), { outcome: 'failed', at: T0 + 9, error: 'not healthy' });
    const done = { outcome: 'failed', doneAt: T0 + 9, error: 'not healthy' };
    expect(await records.moves(all)).toEqual([{ at: T0, move: move(T0), ...done }]);
    expect(await table.query(movesKey(formatStamp(T0)))).toMatchObject([{ shards: ['web'], ...done }]);
  });

  it('keep the end of a move that ended before the tick wrote that it had begun', async () => {
    const { records } = stage();
    const all = { from: T0, to: T0 + DAY };
    await records.moveDone(T0, move(T0), { outcome: 'lost-claim', at: T0 + 1 });
    const ended = [{ at: T0, move: move(T0), outcome: 'lost-claim', doneAt: T0 + 1 }];
    expect(await records.moves(all)).toEqual(ended);
    for (let i = 0; i < 2; i++) await records.planned(planned(T0, [move(T0)]));
    expect(await records.moves(all)).toEqual(ended);
  });

  it('are found over several days, ends included', async () => {
    const { records } = stage();
    const times = [T0 - 1, T0, T0 + DAY - 1, T0 + DAY, T0 + 2 * DAY];
    for (const at of times) await records.started(at, move(at));
    const found = async (from: number, to: number) =>
      (await records.moves({ from, to })).map(({ at }) => times.indexOf(at));
    expect(await found(T0 - 1, T0 + 2 * DAY)).toEqual([0, 1, 2, 3, 4]);
    expect(await found(T0, T0 + DAY)).toEqual([1, 2, 3]);
    expect(await found(T0 + 5, T0 + 6)).toEqual([]);
  });
});
