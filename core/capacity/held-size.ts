import { type Forecast, MEDIAN, type Unusual } from '../forecast/forecast.ts';
import { contradicts, type Expected, expectedAt } from '../forecast/unusual/judge.ts';
import type { LookAhead } from './look-ahead.ts';
import type { Measured } from './plan.ts';

/**
 * Load that is not believed: the shard keeps the size that it had by its last good load. It does not shrink, and it grows
 * where what was good tells that it is needed: by its guarantee, for what was lost, and as far as the median of its
 * forecast goes. What is not believed makes nothing react either.
 */

/**
 * What the newest load should have been, where it is not believed: by the forecaster that withholds it, or, of a minute
 * that no forecast has seen yet, because it contradicts the forecast at hand.
 */
export function insteadOf({ load }: Partial<Measured>, forecast: Forecast): Expected | undefined {
  if (forecast.unusual?.withheld === true) return forecast.unusual;
  const expected = expectedAt(forecast, 0);
  if (load === undefined || expected === undefined) return undefined;
  return contradicts(load, expected) ? expected : undefined;
}

/** Slices that even the median of the coming load fills. */
export function surelyNeeded({ ticks }: LookAhead, slice: number): number {
  return Math.ceil(Math.max(...ticks.map(({ quantiles }) => quantiles[MEDIAN]!)) / slice - 1e-9);
}

/** For people, in the reasons of a plan. */
export function disbelief({ kind, load, median }: Unusual): string {
  const words = { flat: 'stands still', zero: 'is gone', jump: 'jumped', shift: 'is new' };
  return `the load ${words[kind]} (${short(load)} measured, ${short(median)} expected) and is not believed: the size is held`;
}

const short = (load: number) => Number(load.toPrecision(3)).toString();
