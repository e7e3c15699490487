import { describe, expect, it } from 'vitest';
import type { Unusual } from '../../core/forecast/forecast.ts';
import { flat, rising } from './minute-stage.ts';

describe('load that is not believed', () => {
  it('changes no size, and is told once, when it turns and when it is over', async () => {
    const one = await rising();
    const { clock, settings } = one.world;
    const since = clock.now();
    const zero: Unusual = {
      kind: 'zero',
      since: since - 60,
      load: 0,
      median: 90,
      low: 70,
      high: 110,
      withheld: true,
    };
    const shift: Unusual = { ...zero, kind: 'shift', withheld: false };
    const told: string[] = [];
    const wants: number[] = [];
    for (const [m, unusual] of [zero, zero, zero, shift, shift, undefined].entries()) {
      await one.world.runUntil(since + m * 60);
      const forecast = flat('a', unusual?.withheld ? 10 : 90, clock.now(), settings);
      one.forecasts.set('a', unusual === undefined ? forecast : { ...forecast, unusual });
      one.published.length = 0;
      await one.tick();
      wants.push(one.plans.at(-1)!.shards[0]!.want);
      for (const { type, detail } of one.published)
        if (type === 'ForecastAnomaly' || type === 'Resolved')
          told.push(
            `${m} ${type} ${detail.what ?? detail.finding} ${detail.withheld ?? ''} ${detail.since === since}`,
          );
    }
    expect(told).toEqual([
      '0 ForecastAnomaly zero true true',
      '3 ForecastAnomaly shift false true',
      '5 Resolved ForecastAnomaly  true',
    ]);
    expect(wants.slice(0, 3)).toEqual([wants[0], wants[0], wants[0]]);
    expect(one.plans[0]!.shards[0]!.have + one.plans[0]!.shards[0]!.coming).toBe(wants[0]);
  });
});
