import { type Forecast, LEVELS, MEDIAN, type Unusual } from '../forecast.ts';

/** What was forecast of a load before it came. */
export interface Expected {
  readonly median: number;
  /** Quantiles 0.01 and 0.99. */
  readonly low: number;
  readonly high: number;
}

/** What the shard's past says of how high, low and even its load can be. */
export interface Usual {
  /** Highest and lowest load (zeros aside) of the last weeks, and of the last hour or so. */
  readonly most: number;
  readonly least: number;
  readonly mostOfLate: number;
  readonly leastOfLate: number;
  /** Highest load (the lowest of its hour) that ever was zero with the next point. */
  readonly zeroFrom: number;
  /** Shares of points that were zero, and that were as the one before. */
  readonly zeros: number;
  readonly repeats: number;
  /** Points in a row that had the same value: most of the last weeks, zeros and the present ones aside; and now. */
  readonly longestRun: number;
  readonly run: number;
}

export interface Verdict {
  readonly kind: Exclude<Unusual['kind'], 'shift'>;
  /** It cannot be: the metric is broken, and not the load unusual. */
  readonly broken: boolean;
}

/** So many times more within a point, than expected and than of late, is no rise that any service has seen… */
const RISE = 50;
/** …if it is also this many times more than ever. */
const RECORD = 2;
/** So many times more than ever is none either, where it was not expected. */
const BEYOND_ALL = 30;
const UNEXPECTED = 10;
/** To believe too long in a fall costs little: the shard keeps its size. */
const FALL = 30;
const BELOW_ALL = 3;
/** A load of which as little as this share of the median is to be reckoned with may be nothing, too. */
const SURE = 0.1;
/** A zero is none of the usual ones where the load was this many times higher than any that went to zero. */
const ABOVE_ZEROS = 3;
/** With more zeros the load comes and goes, from and to much; with still more it may come at any height. */
const INTERMITTENT = 0.05;
const MOSTLY_ZERO = 0.7;
/** Points with the same value that are not chance any more, if that many times as long as ever. */
export const LONG = 6;
const TIMES_LONGEST = 3;
/** With more repeats than that, loads are whole numbers or limits, and repeat. */
const OFTEN_SAME = 0.05;
/** So many times more or less than was usual of late, what was broken is back. */
const BACK = 3;
/** Only told, not withheld: so many times farther from the median than the outer quantile is, and so many times it. */
const FAR = 4;
const TIMES = 2.5;

/** What is wrong with a load, if anything. */
export function judge(load: number, expected: Expected, usual: Usual): Verdict | undefined {
  const { median, low, high } = expected;
  const isSteady = usual.zeros < INTERMITTENT;
  if (load === 0) {
    const isNew = usual.leastOfLate > ABOVE_ZEROS * usual.zeroFrom && usual.zeros < MOSTLY_ZERO;
    return low > SURE * median && isNew ? { kind: 'zero', broken: true } : undefined;
  }
  if (isStuck(usual)) return { kind: 'flat', broken: true };
  const highest = Math.max(high, usual.mostOfLate);
  const rises = load > RISE * highest && load > RECORD * usual.most;
  const beyond = load > BEYOND_ALL * usual.most && load > UNEXPECTED * high;
  if (usual.zeros < MOSTLY_ZERO && (rises || beyond)) return { kind: 'jump', broken: true };
  const lowest = Math.min(low, usual.leastOfLate);
  if (isSteady && load < lowest / FALL && load < usual.least / BELOW_ALL)
    return { kind: 'jump', broken: true };
  const isFarAbove =
    load > median + FAR * (high - median) && load > TIMES * Math.max(median, usual.mostOfLate);
  const isFarBelow =
    load < median - FAR * (median - low) && load < Math.min(median, usual.leastOfLate) / TIMES;
  if (isSteady && (isFarAbove || isFarBelow)) return { kind: 'jump', broken: false };
  return undefined;
}

/**
 * Whether a load that could be by itself is still what was wrong before it: what was broken low or high is mended where
 * it comes back to about what is expected, and not where it is a little less far off.
 * @param broken the newest load that was withheld
 */
export function isStillBroken(load: number, broken: number, { low, high }: Expected, usual: Usual): boolean {
  const highest = Math.max(high, usual.mostOfLate);
  const lowest = Math.min(low, usual.leastOfLate);
  if (broken > highest) return load > BACK * highest;
  return broken < lowest && load < lowest / BACK;
}

function isStuck({ run, longestRun, repeats }: Usual): boolean {
  return run >= LONG && run > TIMES_LONGEST * longestRun && repeats < OFTEN_SAME;
}

/**
 * Whether a load cannot be, by its forecast alone: of a point that the forecaster has not seen yet, where no more is
 * at hand than the newest forecast. {@link judge} has the past, too. Load that may be nothing is never contradicted.
 */
export function contradicts(load: number, { low, high }: Expected): boolean {
  return low > 0 && (load > RISE * high || load < low / FALL);
}

/** What a forecast says of one of its horizons. */
export function expectedAt({ horizons }: Forecast, position: number): Expected | undefined {
  const quantiles = horizons[position]?.quantiles;
  if (quantiles === undefined) return undefined;
  return { median: quantiles[MEDIAN]!, low: quantiles[0]!, high: quantiles[HIGH]! };
}

const HIGH = LEVELS.indexOf(0.99);
