import { expect, it } from 'vitest';
import { DAY, HOUR } from '../../../core/time.ts';
import { daily, forecasterOf, quantile, T0 } from '../series.ts';

it('one outlier hardly moves what is said of the next day', () => {
  const loads = daily(20, { noise: 0.03, perDay: 24 });
  const last = loads.length - 1;
  const said = [1, 20].map((times) => {
    const forecaster = forecasterOf({ leads: [DAY], step: HOUR });
    loads.forEach((load, i) => {
      forecaster.observe({ time: T0 + i * HOUR, load: i === last ? times * load : load });
    });
    return quantile(forecaster.forecast(T0 + last * HOUR, [DAY]), 0.5);
  });
  expect(said[1]! / said[0]!).toBeLessThan(2.5);
});
