import type { Seconds } from '../time.ts';
import { blend } from './distribution.ts';
import type { Forecast, Horizon } from './forecast.ts';

/**
 * The same forecast seen from a later `now`: what it said of each target time, straight lines between its horizons
 * (level by level, so quantiles stay ascending). It says nothing beyond what it knows: before its first and after its
 * last horizon these are held.
 * @param horizons seconds ahead of `now`, ascending
 */
export function aged(forecast: Forecast, now: Seconds, horizons: readonly Seconds[]): Forecast {
  const made = forecast.horizons;
  let next = 0;
  const seen = horizons.map((ahead): Horizon => {
    const target = now - forecast.at + ahead;
    while (next < made.length && made[next]!.ahead < target) next++;
    return { ahead, quantiles: between(made[next - 1], made[next], target) };
  });
  return { ...forecast, at: now, horizons: seen };
}

function between(below: Horizon | undefined, above: Horizon | undefined, target: Seconds): readonly number[] {
  const one = above ?? below;
  if (one === undefined) throw new RangeError('forecast: expected at least one horizon, got none');
  if (below === undefined || above === undefined || above.ahead === target) return Array.from(one.quantiles);
  return blend(below.quantiles, above.quantiles, (target - below.ahead) / (above.ahead - below.ahead));
}

/** Seconds ahead up to which an aged forecast is looked at tick by tick. */
const NEAR: Seconds = 15 * 60;

/**
 * Horizons at which a forecast is made that is used until the next one comes `every` seconds later: the wanted ones,
 * and the near ones once more as they lie then. In between straight lines do, as between the forecaster's own leads.
 */
export function horizonsFor(wanted: readonly Seconds[], every: Seconds): Seconds[] {
  const later = wanted.filter((ahead) => ahead <= NEAR).map((ahead) => ahead + every);
  return [...new Set([...wanted, ...later])].sort((a, b) => a - b);
}
