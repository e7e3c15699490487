import { LEVELS, MEDIAN } from '../forecast.ts';

/** Standard normal quantiles at {@link LEVELS}. */
export const NORMAL = [
  -2.326, -1.645, -1.282, -0.674, 0, 0.674, 1.282, 1.645, 2.054, 2.326, 2.576, 3.09,
] as const;

/**
 * Quantiles (ascending) of a load that is multiplied by a factor of which the log is uncertain: both spreads are taken
 * for independent. The median stays.
 * @param deviation standard deviation of the log
 */
export function widened(quantiles: ArrayLike<number>, deviation: number): ArrayLike<number> {
  const median = quantiles[MEDIAN]!;
  if (deviation === 0 || median <= 0) return quantiles;
  return LEVELS.map((_, i) => {
    const [load, normal] = [quantiles[i]!, NORMAL[i]!];
    if (load <= 0 || normal === 0) return load;
    return median * Math.exp(Math.sign(normal) * Math.hypot(Math.log(load / median), normal * deviation));
  });
}
