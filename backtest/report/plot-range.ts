import { isBound } from './headline.ts';
import type { Comparison } from './run-record.ts';

/** A point of the plot in its own terms: unmet share and instance-hours. */
export interface Point {
  readonly unmet: number;
  readonly hours: number;
}

export interface PlotRange {
  /** Shares, both above 0: the axis is logarithmic. */
  readonly unmet: { readonly low: number; readonly high: number };
  readonly hours: { readonly low: number; readonly high: number };
}

/** A front is followed this far from our unmet share to either side; single points further to the left. */
const FRONT_REACH = 30;
const POINT_REACH = 100;
/** What needs more than this many times our hours is named at the edge instead of squeezing the rest. */
const MOST_HOURS = 1.6;

/** The part of the plane in which the decision lies: around our own point, as wide as there is something to see. */
export function rangeOf({ ours, peers }: Comparison): PlotRange {
  const policies = [ours, ...peers];
  const chosen = policies.filter(({ policy }) => !isBound(policy));
  const every = policies.flatMap(({ front, unmet, hours }) => [...front, { unmet, hours }]);
  const positive = every.map(({ unmet }) => unmet).filter((unmet) => unmet > 0);
  const centre = ours.unmet > 0 ? ours.unmet : Math.min(...positive, 1e-3);
  const most = MOST_HOURS * ours.hours;
  const within = (points: readonly Point[], left: number) =>
    points.filter(
      ({ unmet, hours }) => unmet >= centre / left && unmet <= centre * FRONT_REACH && hours <= most,
    );
  const seen = [
    ...within(chosen, POINT_REACH),
    ...within(
      policies.flatMap(({ front }) => front),
      FRONT_REACH,
    ),
  ];
  const mine = within([...ours.front, ours], FRONT_REACH);
  // To the right ours sets the end: the bound is known as far as our own front goes.
  const last = Math.max(
    centre * 3,
    ...mine.map(({ unmet }) => unmet),
    ...within(chosen, POINT_REACH).map(({ unmet }) => unmet),
  );
  const unmet = {
    low: Math.min(centre / 3, ...seen.map((one) => one.unmet)) / 1.3,
    high: last * 1.03,
  };
  const inside = seen.filter((one) => one.unmet >= unmet.low && one.unmet <= unmet.high);
  const floor = Math.min(ours.hours, ...inside.map(({ hours }) => hours));
  const top = Math.max(ours.hours * 1.1, ...inside.map(({ hours }) => hours));
  const span = Math.max(top - floor, 1e-9);
  return { unmet, hours: { low: Math.max(0, floor - 0.14 * span), high: top + 0.05 * span } };
}
