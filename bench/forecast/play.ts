import { type Answer, AT, type Case } from './answers.ts';
import { makeForecaster } from './forecasters.ts';

/**
 * Feeds a series once, point by point, and asks at its origins: at each of them only what is at or before it has been
 * fed.
 */
export function play(forecaster: string, { series, origins }: Case): Answer[] {
  const { values, step, start, horizons } = series;
  const ahead = horizons.map((steps) => steps * step);
  const one = makeForecaster(forecaster, { shard: series.name, leads: ahead, step });
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
