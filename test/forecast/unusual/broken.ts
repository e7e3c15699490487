import { WatchedForecaster } from '../../../core/forecast/unusual/watch.ts';
import { MINUTE } from '../../../core/time.ts';
import { forecasterOf, T0 } from '../series.ts';

/** Points per day at a step of five minutes. */
export const STEP = 5 * MINUTE;
export const PER_DAY = 288;

export function watchOf({ withhold = 3600, step = STEP } = {}) {
  const inner = new Spied(forecasterOf({ step, leads: [step, 2 * step, 6 * step, 12 * step] }));
  return { inner, watched: new WatchedForecaster(inner, { shard: 's', withhold, step }) };
}

type Inner = ReturnType<typeof forecasterOf>;

/** Notes what gets through. */
class Spied {
  readonly got: (readonly [time: number, load: number])[] = [];
  private readonly inner: Inner;
  constructor(inner: Inner) {
    this.inner = inner;
  }
  get knownUntil() {
    return this.inner.knownUntil;
  }
  get followedUntil() {
    return this.inner.followedUntil;
  }
  follow(until: number): void {
    this.inner.follow(until);
  }
  observe(point: Parameters<Inner['observe']>[0]): void {
    this.inner.observe(point);
    this.got.push([point.time, point.load]);
  }
  forecast(...args: Parameters<Inner['forecast']>) {
    return this.inner.forecast(...args);
  }
  state() {
    return this.inner.state();
  }
  restore(state: Uint8Array): void {
    this.inner.restore(state);
  }
}

export const timeOf = (i: number, step = STEP) => T0 + i * step;

/** Feeds values from index `from` on, and lists the unusual after each: `zero!` where it is withheld. */
export function marks(
  watched: WatchedForecaster,
  values: ArrayLike<number>,
  { from = 0, step = STEP } = {},
): string[] {
  return Array.from({ length: values.length - from }, (_, n) => {
    const i = from + n;
    watched.observe({ time: timeOf(i, step), load: values[i]! });
    const { unusual } = watched.forecast(timeOf(i + 1, step), [0]);
    return unusual === undefined ? '' : `${unusual.kind}${unusual.withheld ? '!' : ''}`;
  });
}
