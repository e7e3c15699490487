import { DAY, HOUR, MINUTE, type Seconds } from '../time.ts';
import type { LoadPoint } from './forecast.ts';

/** How finely the past is known: CloudWatch keeps minutes for 15 days, five minutes for 63, hours for 455. */
const KEPT: readonly (readonly [until: Seconds, period: Seconds])[] = [
  [15 * DAY, MINUTE],
  [63 * DAY, 5 * MINUTE],
  [455 * DAY, HOUR],
];

/** Seconds between points of this age; undefined when they are not kept so long. */
export function periodAt(age: Seconds): Seconds | undefined {
  return KEPT.find(([until]) => age <= until)?.[1];
}

/**
 * Coarse points as points every `step`, each at the beginning of what it covers: straight lines between the middles
 * of neighbours. Points as fine as `step` stay as they are, and gaps stay gaps.
 * @param points ascending, each as coarse as {@link periodAt} says of its age, or finer
 */
export function toSteps(points: readonly LoadPoint[], now: Seconds, step: Seconds): LoadPoint[] {
  const fine: LoadPoint[] = [];
  points.forEach((point, i) => {
    const period = periodAt(now - point.time) ?? HOUR;
    const [before, after] = [points[i - 1], points[i + 1]];
    const finer = [before, after].some((other) => other && Math.abs(other.time - point.time) < period);
    if (period <= step || finer) fine.push(point);
    else
      for (let time = point.time; time < point.time + period; time += step)
        fine.push({ time, load: loadAt(point, before, after, period, time + step / 2) });
  });
  return fine;
}

function loadAt(
  here: LoadPoint,
  before: LoadPoint | undefined,
  after: LoadPoint | undefined,
  period: Seconds,
  at: Seconds,
): number {
  const middle = here.time + period / 2;
  const other = at < middle ? before : after;
  // Beyond a gap the neighbour says nothing of this time.
  if (other === undefined || Math.abs(other.time - here.time) > period) return here.load;
  return here.load + (other.load - here.load) * ((at - middle) / (other.time - here.time));
}
