import { expect, it } from 'vitest';
import { EXPERTS } from '../../../core/forecast/analyser/experts/index.ts';
import { DAY, HOUR } from '../../../core/time.ts';
import { daily, feed, forecasterOf, quantile, T0 } from '../series.ts';

/** The median an hour after nine days, of one part alone. Every 70 minutes there is more. */
function heard(only?: string) {
  const forecaster = forecasterOf({ leads: [HOUR], ...(only !== undefined && { only }) });
  feed(
    forecaster,
    daily(9.3).map((load, i) => load + (i % 7 === 0 ? 30 : 0)),
  );
  const forecast = forecaster.forecast(T0 + 9.3 * DAY, [HOUR]);
  return { method: forecast.method, median: quantile(forecast, 0.5) };
}

it('one expert alone carries the forecast, and says something of its own', () => {
  const medians = EXPERTS.map(({ name }) => {
    const { method, median } = heard(name);
    expect(method.replace(' of 70 min', '')).toBe(`${name} 1.00`);
    return median;
  });
  expect(new Set(medians).size).toBe(EXPERTS.length);
});

it('all together are more than one', () => {
  expect(heard().method.split(', ').length).toBeGreaterThan(2);
});
