import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BacktestInput, runBacktest } from '../../backtest/run.ts';
import { populate } from '../../backtest/world/populate.ts';
import { recordStep } from '../../backtest/world/recorder.ts';
import { World } from '../../backtest/world/world.ts';
import { DAY } from '../../core/time.ts';
import { onInterruption, onRebalance } from '../../flows/interruption.ts';
import { runMove } from '../../flows/move.ts';
import type { MoveInput } from '../../flows/move-input.ts';
import { instanceArrived, instanceLeft, reconcile } from '../../flows/reconcile.ts';
import { tick } from '../../flows/tick.ts';
import { lastValue, settingsOf, T0, traceOf } from './fixtures.ts';
import { violations } from './invariants.ts';
import { naivePlanner } from './naive-planner.ts';

const waves = (minutes: number, phase: number) =>
  Array.from({ length: minutes }, (_, i) => 400 + 300 * Math.sin(i / 40 + phase));

function input(change: Partial<BacktestInput> = {}): BacktestInput {
  const fleet = {
    spotShare: 0.5,
    interruptionsPerDay: 4,
    launchFailures: 0.1,
    slicesPerInstance: 2,
    leadTimes: { cold: { seconds: 240, spread: 0.3 }, activate: { seconds: 10, spread: 0.5 } },
  };
  return {
    trace: traceOf({ a: waves(500, 0), b: waves(500, 2) }),
    window: { history: 100, end: 500 },
    settings: settingsOf(['a', 'b'], fleet, { maxWait: 20 }),
    seed: 1,
    planner: naivePlanner,
    forecasterFactory: (_settings, shard) => lastValue(shard),
    ...change,
  };
}

describe('a backtest run', () => {
  it('is the same to the byte for the same seed, and another for another', async () => {
    const [one, two, other] = await Promise.all(
      [1, 1, 2].map(async (seed) => JSON.stringify(await runBacktest(input({ seed })))),
    );
    expect(one).toBe(two);
    expect(one).not.toBe(other);
  });

  it('counts how often forecasts held, and keeps what they said of themselves', async () => {
    // The last value, with a band of nothing: every minute is outside, above as long as the load rises.
    const moved = [{ cause: 'event sale', factor: 2, ahead: 60 }];
    const run = await runBacktest(
      input({
        forecasterFactory: (_settings, shard) => {
          const inner = lastValue(shard);
          return {
            observe: (point) => inner.observe(point),
            forecast: (now, horizons) => ({
              ...inner.forecast(now, horizons),
              ...(shard === 'a' && now < T0 + 6000 + 200 * 60 && { moved }),
            }),
          };
        },
      }),
    );
    const [a, b] = run.shards as [(typeof run.shards)[number], (typeof run.shards)[number]];
    const { minutes, below10, above90, above99 } = a.coverage!;
    expect([minutes > 390, above99 === above90, below10 + above90]).toEqual([true, true, minutes]);
    expect(a.q01).toHaveLength(a.load.length);
    // While something moves it, once an hour; then that nothing does.
    expect(a.said!.map(({ at }) => (at - run.start) / 60)).toEqual([0, 60, 120, 180, 200]);
    expect(a.said!.map((note) => note.moved)).toEqual([moved, moved, moved, moved, undefined]);
    expect(b.said).toHaveLength(1);
  });

  it('accounts for all instances, all load and every move', async () => {
    const seen: number[] = [];
    const run = await runBacktest(input({ onProgress: (done, of) => seen.push(done / of) }));
    expect([run.start, run.step]).toEqual([T0 + 6000, 60]);
    expect(seen.at(-1)).toBe(1);
    const { active, activating, draining, ready, starting, stopped, cost } = run.fleet;
    const sum = (...series: number[][]) => series.flat().reduce((total, value) => total + value, 0);
    const hours = sum(active, activating, draining, ready, starting) / 60 + (0.02 * sum(stopped)) / 60;
    expect(hours / run.totals.hours).toBeCloseTo(1, 4);
    expect(sum(cost) / run.totals.cost).toBeCloseTo(1, 4);
    const load = sum(...run.shards.map((shard) => shard.load));
    expect(load / sum(waves(500, 0).slice(100), waves(500, 2).slice(100))).toBeCloseTo(1, 4);
    expect(sum(...run.shards.map((shard) => shard.unmet)) / load).toBeCloseTo(run.totals.unmet, 5);
    expect(run.moves.length).toBeGreaterThan(50);
    for (const { at, outcome, doneAt } of run.moves)
      if (outcome === 'done') expect(doneAt).toBeGreaterThan(at);
    expect(run.interruptions.length).toBeGreaterThan(5);
    expect(run.shards[0]?.q50[50]).toBeGreaterThan(0);
  });

  it('with constant load and no trouble has the capacity that it began with', async () => {
    const trace = traceOf({ a: new Array(200).fill(160) });
    const settings = settingsOf(['a'], { interruptionsPerDay: 0 });
    const run = await runBacktest(input({ trace, settings, window: { history: 20, end: 200 } }));
    expect(new Set(run.shards[0]?.capacity)).toEqual(new Set([200]));
    expect(run.totals).toEqual({ hours: expect.closeTo(6), cost: expect.closeTo(6 * 0.1008), unmet: 0 });
    expect([run.moves, run.notes]).toEqual([[], ['seed 1']]);
  });

  it('shows the load as late as the settings say, and never ahead', async () => {
    for (const delay of [0, 120]) {
      const trace = traceOf({ a: Array.from({ length: 60 }, (_, i) => i) });
      const settings = { ...settingsOf(['a']), metrics: { ...settingsOf(['a']).metrics, delay } };
      const newest: number[] = [];
      await runBacktest(
        input({
          trace,
          settings,
          window: { history: 10, end: 60 },
          planner: (snapshot, forecasts, ...rest) => {
            const { load, time = 0 } = snapshot.measured[0] ?? {};
            expect(forecasts.get('a')?.knownUntil).toBe(time);
            expect(load).toBe((time - T0) / 60);
            newest.push(snapshot.at - time);
            return naivePlanner(snapshot, forecasts, ...rest);
          },
        }),
      );
      expect(new Set(newest)).toEqual(new Set([60 + delay]));
    }
  });

  it('takes a gap as no load that nobody measured', async () => {
    const row = new Array(60).fill(100).fill(Number.NaN, 30, 40);
    const times: (number | undefined)[] = [];
    const run = await runBacktest(
      input({
        trace: traceOf({ a: row }),
        settings: settingsOf(['a']),
        window: { history: 10, end: 60 },
        planner: (snapshot, ...rest) => {
          times.push(snapshot.measured[0]?.time);
          return naivePlanner(snapshot, ...rest);
        },
      }),
    );
    expect(run.shards[0]?.load.slice(19, 22)).toEqual([100, 0, 0]);
    // Plans between the minutes, for an arrival, see the same: nothing newer than the last minute that was measured.
    expect(new Set(times)).not.toContain(T0 + 30 * 60);
    expect(times.filter((time) => time === T0 + 29 * 60).length).toBeGreaterThanOrEqual(10);
  });

  it('runs shards in shadow as if active, and says so', async () => {
    const settings = settingsOf(['a', 'b'], {}, { mode: 'shadow' });
    const run = await runBacktest(input({ settings }));
    expect(run.moves.length).toBeGreaterThan(0);
    expect(run.notes).toContain('Run as if active: a (shadow), b (shadow)');
  });

  it('refuses a window or a step that does not fit', async () => {
    const wide = input({ window: { history: 10, end: 501 } });
    await expect(runBacktest(wide)).rejects.toThrow('end 501; must be 0 ≤ history < end ≤ 500');
    const coarse = input({ trace: { ...input().trace, step: 300 } });
    await expect(runBacktest(coarse)).rejects.toThrow('step 300 s');
  });

  it('is recorded by the minute up to 3 days, by five up to 31, then coarser', () => {
    expect([3, 3.1, 31, 32, 200].map((days) => recordStep(days * DAY))).toEqual([60, 300, 300, 900, 3600]);
  });
});

describe('the world under random faults', () => {
  it('keeps one owner per slice, traffic where it belongs, and the fleet within bounds', async () => {
    const cases = fc.record({
      seed: fc.nat(1000),
      slices: fc.constantFrom(1, 3),
      spotShare: fc.constantFrom(0, 0.5, 1),
      rate: fc.constantFrom(0, 20, 200),
      spread: fc.constantFrom(0, 0.8),
      lost: fc.constantFrom(0, 0.3),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ seed, slices, spotShare, rate, spread, lost }) => {
        const fleet = {
          max: 14,
          spotShare,
          slicesPerInstance: slices,
          interruptionsPerDay: Math.min(24, rate),
          launchFailures: 0.2,
          leadTimes: {
            activate: { seconds: 10, spread },
            drain: { seconds: 60, spread },
            warm: { seconds: 60, spread },
          },
        };
        const settings = settingsOf(['a', 'b'], fleet);
        const trace = traceOf({ a: waves(120, 0), b: waves(120, 2) });
        const faults = { failuresPerDay: rate / 4, unhealthyPerDay: rate / 4, activationFailures: lost };
        const world = new World({ settings, trace, from: 0, end: 120, seed, faults });
        populate(world);
        wire(world, lost, seed);
        for (let minute = 0; minute < 120; minute++) {
          for (let second = 0; second < 60; second += 4) {
            await world.runUntil(T0 + minute * 60 + second);
            expect(await violations(world)).toEqual([]);
          }
          if (minute % 5 === 0) expect((await reconcile(world.ports, settings)).failures).toEqual([]);
          await tick(world.ports, settings, naivePlanner, new Map());
        }
        // Left alone, everything that was under way comes to its end.
        await world.runUntil(T0 + 120 * 60 + 1200);
        for (let i = 0; i < 6; i++) {
          await reconcile(world.ports, settings);
          await world.runUntil(world.clock.now() + 300);
        }
        const kinds = (await world.store.slices()).map(({ placement }) => placement.kind);
        expect(kinds.filter((kind) => kind !== 'active' && kind !== 'ready')).toEqual([]);
      }),
      { seed: 5, numRuns: 12 },
    );
  }, 60_000);
});

/** Signals as in production, but one in so many is lost, and one in as many comes twice. */
function wire(world: World, lost: number, seed: number): void {
  const { ports, settings, workflows } = world;
  let signals = seed;
  const signal = (work: () => Promise<unknown>) => {
    const turn = ((signals++ * 7) % 10) / 10;
    const times = turn < lost ? 0 : turn < 2 * lost ? 2 : 1;
    for (let i = 0; i < times; i++) workflows.run('signal', '', work);
  };
  workflows.handlers.set('move', (move) => runMove(ports, move as MoveInput));
  workflows.ended = ({ error }) => {
    if (error !== undefined) throw error;
  };
  world.signals = {
    arrived: (instance) => signal(() => instanceArrived(ports, settings, instance)),
    left: (instance) => signal(() => instanceLeft(ports, settings, instance)),
    rebalance: (instance, at) => signal(() => onRebalance(ports, { instance, at })),
    notice: (instance, at, deadline) =>
      signal(() => onInterruption({ ports, settings, switched: {} }, { instance, at, deadline })),
  };
}
