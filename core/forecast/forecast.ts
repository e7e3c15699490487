import type { Seconds } from '../time.ts';

/** The probability levels at which a forecast gives quantiles, ascending. The upper tail is dense: it decides capacity. */
export const LEVELS = [0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999] as const;

/** Index of the median in {@link LEVELS}. */
export const MEDIAN = 4;

/** The load of one shard at one time to come. */
export interface Horizon {
  /** Seconds from `Forecast.at` to the time that is forecast. */
  readonly ahead: Seconds;
  /** Load (the shard's unit) at {@link LEVELS}; non-negative, non-decreasing, finite. */
  readonly quantiles: ArrayLike<number>;
}

/** What one cause did to a forecast: an event of the calendar, a public holiday, a leading indicator, other shards. */
export interface Influence {
  /** For people: `event black-friday`, `holiday Good Friday`, `indicator sign-ins (12 min ahead)`. */
  readonly cause: string;
  /** The median with it over the median without it, at the horizon where that is farthest from 1. */
  readonly factor: number;
  /** Seconds ahead of `Forecast.at` of that horizon. */
  readonly ahead: Seconds;
}

/** Load that cannot be believed, or that is unlike what it was. */
export interface Unusual {
  /**
   * `flat`: the same value again and again where it never was; `zero`: nothing where there always was something;
   * `jump`: many times more or less within a point or two; `shift`: a new level, taken for true.
   */
  readonly kind: 'flat' | 'zero' | 'jump' | 'shift';
  /** Time of the first such point. */
  readonly since: Seconds;
  /** The newest such load, and what was forecast of it: median, 0.01 and 0.99 quantile (the shard's unit). */
  readonly load: number;
  readonly median: number;
  readonly low: number;
  readonly high: number;
  /** Whether such points are withheld from the forecaster, and the plan is to hold the last good size. */
  readonly withheld: boolean;
}

/** What is known at `at` about a shard's load to come. Plain data: it is stored, sent and shown as it is. */
export interface Forecast {
  readonly shard: string;
  /** When it was made. */
  readonly at: Seconds;
  /** When it was really made, where `at` is a later time from which it is seen. @default at */
  readonly madeAt?: Seconds;
  /** Time of the newest load point that it knows. */
  readonly knownUntil: Seconds;
  /** Ascending by `ahead`. */
  readonly horizons: readonly Horizon[];
  /** Which method carried it, for `explain`: e.g. `seasonal-shifted 0.7, last 0.3`. */
  readonly method: string;
  /** What moved it besides the shard's own past; the strongest first. @default nothing */
  readonly moved?: readonly Influence[];
  /** Set while the newest load is unusual. */
  readonly unusual?: Unusual;
}

/** One measured load value; `NaN` is never used, a missing value is an absent point. */
export interface LoadPoint {
  readonly time: Seconds;
  readonly load: number;
}

/**
 * The port that every forecaster implements. Stateful and incremental: one per shard, fed in order of time.
 * A later, stronger analyser replaces the implementation and nothing else.
 */
export interface Forecaster {
  /** Takes the next point in. Points at or before the last one are refused. @throws {RangeError} on time going back, too long a gap, or a load that is negative or not finite. */
  observe(point: LoadPoint): void;
  /** Forecast at `now` for the given horizons (seconds ahead of `now`, ascending). Depends on nothing after `now`. */
  forecast(now: Seconds, horizons: readonly Seconds[]): Forecast;
}

/**
 * Other series that may lead a shard's load (sign-ins, the length of a queue, the sum of the other shards), as its
 * forecaster asks for them. Values lie on the forecaster's grid. They are given before the points of the same time.
 */
export interface Indicators {
  readonly names: readonly string[];
  /** Value of one at a time, up to a week before the first point too; `NaN` where it is not known (yet). Nothing later than `time` may enter it. */
  at(indicator: number, time: Seconds): number;
  /** Whether an event is on at a time of which it is known how it moves the load: no indicator needs to tell. @default never */
  isForeseen?(time: Seconds): boolean;
}

/** A forecaster that can be put away between two points and taken up again by whoever has the same settings. */
export interface KeptForecaster extends Forecaster {
  /** Time of the newest point; undefined before there is one. */
  readonly knownUntil: Seconds | undefined;
  /** The same, or before there is a point how far {@link follow} has come. */
  readonly followedUntil: Seconds | undefined;
  /** Before its first point: looks at what may lead the load up to this time, so that it knows others' days when its own begin. */
  follow(until: Seconds): void;
  /** All that it has learned, as bytes of its own format. */
  state(): Uint8Array;
}

/** A forecaster that takes up again what it put away. */
export interface RestorableForecaster extends KeptForecaster {
  /** Instead of points observed so far. @throws {ForecasterStateError} when it is of another version or other settings, or damaged. */
  restore(state: Uint8Array): void;
}
