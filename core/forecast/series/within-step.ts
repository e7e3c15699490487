import type { Seconds } from '../../time.ts';
import { type Forecast, type LoadPoint, MEDIAN } from '../forecast.ts';

/**
 * Targets less than a step after the newest point lie between it and the next slot, of which the forecaster speaks: the
 * median is on the straight line between the two. The spread stays that of the next slot: measured on five-minute loads
 * forecast from their hourly means and from every twelfth, that is about how far they stray within the hour.
 */
export function withinStep(made: Forecast, newest: LoadPoint, step: Seconds): Forecast {
  // What is not believed is no ground for anything.
  if (made.unusual?.withheld === true) return made;
  const horizons = made.horizons.map((horizon) => {
    const share = (made.at + horizon.ahead - newest.time) / step;
    if (share >= 1) return horizon;
    const { ahead, quantiles } = horizon;
    const moved = (1 - share) * (newest.load - quantiles[MEDIAN]!);
    return { ahead, quantiles: Array.from(quantiles, (load) => Math.max(0, load + moved)) };
  });
  return { ...made, horizons };
}
