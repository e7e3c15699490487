import type { Indicators } from '../../core/forecast/forecast.ts';
import { OTHERS } from '../../core/forecast/indicators/sources.ts';
import { type Answer, AT, type Case } from './answers.ts';
import { makeForecaster } from './forecasters.ts';
import type { Series } from './sets.ts';

/**
 * Feeds a series once, point by point, and asks at its origins: at each of them only what is at or before it has been
 * fed.
 */
export function play(forecaster: string, { series, origins }: Case): Answer[] {
  const { values, step, start, horizons } = series;
  const ahead = horizons.map((steps) => steps * step);
  const indicators = othersOf(series);
  const one = makeForecaster(forecaster, { shard: series.name, leads: ahead, step, indicators });
  let next = 0;
  return origins.map((origin) => {
    for (; next <= origin; next++) {
      const load = values[next]!;
      if (!Number.isNaN(load)) one.observe({ time: start + next * step, load });
    }
    const made = one.forecast(start + origin * step, ahead);
    return made.horizons.map(({ quantiles }) => AT.map((level) => quantiles[level]!));
  });
}

/** What the `forecast` command knows, too. */
export function othersOf({ start, step, others }: Series): Indicators {
  return {
    names: [OTHERS],
    at: (_, time) => others.values[Math.round((time - start) / step) + others.before] ?? Number.NaN,
  };
}
