import { describe, expect, it } from 'vitest';
import { monthlyMetrics } from '../../adapters/aws/cloudwatch-cost.ts';
import { type SettingsInput, settingsSchema } from '../../core/settings/schema.ts';
import { DAY, HOUR, MINUTE } from '../../core/time.ts';
import { settingsOf } from '../world/fixtures.ts';
import { named } from './cloudwatch-model.ts';
import { at, minutes, type Shard, stage } from './cloudwatch-stage.ts';

describe('history', () => {
  const history = async (s: Awaited<ReturnType<typeof stage>>, from: number, to: number) =>
    s.clock.settle(s.cloudWatch.history('web', from, to));

  it('has points after `from` and up to `to`, none that is not complete', async () => {
    const s = await stage(['web']);
    s.model.put('RequestCount/web', minutes(60, 3));
    expect(await history(s, at(-5), at(-3))).toEqual([-4, -3].map((m) => ({ time: at(m), load: 1 })));
    expect((await history(s, at(-5), at(100))).at(-1)!.time).toBe(at(-1));
    expect(await history(s, at(1), at(5))).toEqual([]);
  });

  it('has minutes for 15 days, five minutes for 63, hours for 455', async () => {
    const s = await stage(['web']);
    await history(s, at(0) - 500 * DAY, at(0));
    const windows = s.model.calls
      .filter(
        ({ MetricDataQueries: [query] = [] }) => query!.MetricStat!.Metric!.MetricName === 'RequestCount',
      )
      .map(({ StartTime, EndTime, MetricDataQueries: [query] = [] }) => [
        (at(0) - StartTime!.getTime() / 1000) / DAY,
        (at(0) - EndTime!.getTime() / 1000) / DAY,
        query!.MetricStat!.Period,
      ]);
    const hour = 1 / 24;
    expect(windows).toEqual([
      [455 - hour, 63 - hour, 3600],
      [63 - hour, 15 - hour, 300],
      [15 - hour, 0, 60],
    ]);
  });

  it('keeps a rate a rate and a sum per minute in coarse points', async () => {
    const s = await stage(['web']);
    const time = at(0) - 20 * DAY;
    s.model.put('RequestCount/web', { [time]: 3000 });
    expect(await history(s, time - 300, time)).toEqual([{ time, load: 10 }]);
    const load = { namespace: 'N', metric: 'Sent', dimensions: { Q: 'q' }, stat: 'Sum' };
    const other = await stage(['web'], { shard: { measure: { load } } });
    other.model.put('Sent/q', { [time]: 3000 });
    expect(await history(other, time - 300, time)).toEqual([{ time, load: 600 }]);
  });

  it('has zeros where hosts were counted, gaps where nothing was, over many pages', async () => {
    const s = await stage(['web']);
    const day = (i: number) => at(0) - 2 * DAY + i * MINUTE;
    for (let i = 0; i < 2880; i++) {
      if (i % 2 === 0) s.model.put('RequestCount/web', { [day(i)]: 60 });
      if (i < 1000 || i >= 1100) s.model.put('HealthyHostCount/web', { [day(i)]: 1 });
    }
    s.model.pageSize = 500;
    const points = await history(s, day(0) - 1, at(0));
    expect(points).toHaveLength(2880 - 50 - 1);
    expect(points.slice(0, 4).map(({ load }) => load)).toEqual([1, 0, 1, 0]);
    expect(points.map(({ time }) => time)).toEqual(points.map(({ time }) => time).sort((a, b) => a - b));
  });

  it('fails where it cannot be read, so that nobody takes it for none', async () => {
    const s = await stage(['web']);
    s.model.errors.push(named('AccessDenied', 'no'));
    await expect(history(s, at(-HOUR / 60), at(0))).rejects.toThrow('no');
  });
});

describe('what asking costs', () => {
  const settings = (metrics: SettingsInput['metrics'], shard?: Shard) =>
    settingsSchema.parse({
      ...settingsOf(
        Array.from({ length: 100 }, (_, i) => `s${i}`),
        {},
        shard,
      ),
      metrics,
    });

  it('is as AWS prices it: a metric per shard and minute of 100 shards is $43 a month', () => {
    expect(monthlyMetrics(settings({})).usd).toBeCloseTo(43.8);
    expect(monthlyMetrics(settings({ every: 300 })).usd).toBeCloseTo(8.76);
    expect(monthlyMetrics(settings({}, { react: { latency: 1 } })).usd).toBeCloseTo(87.6);
    expect(monthlyMetrics(settings({ hosts: true }), { instances: 500 }).usd).toBeCloseTo(43.8 + 438);
    expect(monthlyMetrics(settings({}), { silentShare: 0.5 }).usd).toBeCloseTo(1.5 * 43.8);
    expect(monthlyMetrics(settings({ source: 'reporter' })).usd).toBe(0);
  });

  it('is what is asked', async () => {
    const { model, measured, pass, parts } = await stage(['web', 'api'], {
      shard: { react: { latency: 1 } },
    });
    for (let minute = 0; minute < 60; minute++) {
      for (const name of ['web', 'api']) model.put(`RequestCount/${name}`, minutes(60, minute));
      await measured();
      await pass(MINUTE);
    }
    expect((model.asked.length / 60) * 730 * 60).toBeCloseTo(monthlyMetrics(parts.settings).metrics);
  });
});
