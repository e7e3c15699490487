import type { Outcome } from './model.ts';

/** The outcomes that no other beats in both hours and unmet load, unmet load ascending and hours descending. */
export function paretoFront(outcomes: readonly Outcome[]): Outcome[] {
  const sorted = [...outcomes].sort((a, b) => a.unmet - b.unmet || a.hours - b.hours);
  const front: Outcome[] = [];
  let least = Number.POSITIVE_INFINITY;
  for (const outcome of sorted) {
    if (outcome.hours >= least) continue;
    front.push(outcome);
    least = outcome.hours;
  }
  return front;
}

/**
 * Hours at an unmet share on a front of `paretoFront`, linear between its two neighbours: a mix in time of two settings
 * would have just these hours, so nobody is given less than could be reached, and the clairvoyant's bound, convex in
 * the unmet share, stays below. Beyond the last point more unmet load buys nothing, so its hours hold; `undefined` when the front
 * never gets down to the share. No extrapolation.
 */
export function hoursAt(front: readonly Outcome[], unmetShare: number): number | undefined {
  const above = front.findIndex((outcome) => outcome.unmet > unmetShare);
  if (front.length === 0 || above === 0) return undefined;
  const met = front[above < 0 ? front.length - 1 : above - 1]!;
  if (above < 0) return met.hours;
  const missed = front[above]!;
  const share = (unmetShare - met.unmet) / (missed.unmet - met.unmet);
  return met.hours + share * (missed.hours - met.hours);
}
