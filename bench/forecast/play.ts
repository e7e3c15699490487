import type { KeptForecaster } from '../../core/forecast/forecast.ts';
import { DAY } from '../../core/time.ts';
import { type Answer, AT, type Case } from './answers.ts';
import { FORECASTERS } from './forecasters.ts';

/** A forecaster refuses longer gaps; what came before them is not worth anything either. */
const LONGEST_GAP = 21 * DAY;

/**
 * Feeds a series once, point by point, and asks at its origins: at each of them only what is at or before it has been
 * fed.
 */
export function play(forecaster: string, { series, origins }: Case): (Answer | undefined)[] {
  const { values, step, start, horizons } = series;
  const ahead = horizons.map((steps) => steps * step);
  const make = FORECASTERS[forecaster];
  if (make === undefined)
    throw new RangeError(`forecaster: expected one of ${Object.keys(FORECASTERS)}, got ${forecaster}`);
  const fresh = (): KeptForecaster => make({ shard: series.name, leads: ahead, step });
  let one = fresh();
  let next = 0;
  return origins.map((origin) => {
    for (; next <= origin; next++) {
      const load = values[next]!;
      if (Number.isNaN(load)) continue;
      const time = start + next * step;
      if (time - (one.knownUntil ?? time) > LONGEST_GAP) one = fresh();
      one.observe({ time, load });
    }
    const made = one.forecast(start + origin * step, ahead);
    return made.horizons.map(({ quantiles }) => AT.map((level) => quantiles[level]!));
  });
}
