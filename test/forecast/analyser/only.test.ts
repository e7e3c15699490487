import { expect, it } from 'vitest';
import { EXPERTS } from '../../../core/forecast/analyser/experts/index.ts';
import { others } from '../../../core/forecast/analyser/experts/others.ts';
import type { Indicators } from '../../../core/forecast/forecast.ts';
import { OTHERS } from '../../../core/forecast/indicators/sources.ts';
import { DAY, HOUR } from '../../../core/time.ts';
import { daily, feed, forecasterOf, quantile, T0 } from '../series.ts';

/** The median an hour after some days, of one part alone. Every 70 minutes there is more. */
function heard(only?: string, { days = 9.3, indicators = undefined as Indicators | undefined } = {}) {
  const forecaster = forecasterOf({
    leads: [HOUR],
    ...(only !== undefined && { only }),
    ...(indicators && { indicators }),
  });
  feed(
    forecaster,
    daily(days).map((load, i) => load + (i % 7 === 0 ? 30 : 0)),
  );
  const forecast = forecaster.forecast(T0 + days * DAY, [HOUR]);
  return { method: forecast.method, median: quantile(forecast, 0.5) };
}

it('one expert alone carries the forecast, and says something of its own', () => {
  const own = EXPERTS.filter((expert) => expert !== others);
  const medians = own.map(({ name }) => {
    const { method, median } = heard(name);
    expect(method.replace(' of 70 min', '')).toBe(`${name} 1.00`);
    return median;
  });
  expect(new Set(medians).size).toBe(own.length);
});

it('the other shards are heard in the first week', () => {
  const indicators: Indicators = { names: [OTHERS], at: (_, time) => (time % DAY < DAY / 2 ? 1 : 3) };
  expect(heard(others.name, { days: 5.3, indicators }).method).toBe(`${others.name} 1.00`);
  expect(heard(others.name, { days: 7.3, indicators }).method).not.toContain(others.name);
});

it('all together are more than one', () => {
  expect(heard().method.split(', ').length).toBeGreaterThan(2);
});
