/**
 * Whether a stretch of values repeats itself, and after how many of them: peaks of the autocorrelation, looked for in
 * one octave of lags at a time, each freed from what is slower than itself.
 */

/** A lag after which values come again. */
export interface Repeat {
  /** In values. Not always whole. */
  readonly lag: number;
  /** Autocorrelation after one, two and three times the lag, the least of the three: 1 = comes again exactly. */
  readonly surety: number;
  /** What comes again, as a mean square (the values' unit squared): tells a strong one from a weak one. */
  readonly power: number;
}

/** Surety below which nothing is found, and the lead it must have over the lags half as long and half as long again. */
const LEAST = 0.2;
const PROMINENCE = 0.25;
/** In deviations of what chance would give. */
const CHANCE = 4;
/** A lag must have come so many times, */
const TIMES = 6;
/** of this one must be the power that a longer lag has, so that the shorter one is taken. */
const SAME = 0.7;
/** Lags that differ by a smaller share are one and the same; */
export const ALIKE = 0.03;
/** the usual one needs this share of the power. */
const USUAL = 0.6;
const WIDE = 16;
/** One value counts as at most so many times the mean: a single outlier is no cycle, and hides none. */
const MOST_MEANS = 10;

export const alike = (one: number, other: number) => Math.abs(one - other) <= ALIKE * other;

/** Values without what moves more slowly than `window`, in place of `into`. */
function freed(values: Float64Array, window: number, into: Float64Array): void {
  const n = values.length;
  const half = Math.min(window, Math.floor((n - 1) / 2));
  let sum = 0;
  let from = 0;
  let to = -1;
  let size = 0;
  for (let i = 0; i < n; i++) {
    const last = Math.min(n - 1, i + half);
    while (to < last) sum += values[++to]!;
    const first = Math.max(0, i - half);
    while (from < first) sum -= values[from++]!;
    into[i] = values[i]! - sum / (to - from + 1);
    size += Math.abs(into[i]!);
  }
  const most = (MOST_MEANS * size) / n;
  for (let i = 0; i < n; i++) into[i] = Math.max(-most, Math.min(most, into[i]!));
}

/** Mean product of values a lag apart, of those from `first` on. */
function product(values: Float64Array, lag: number, first = lag): number {
  let sum = 0;
  for (let i = first; i < values.length; i++) sum += values[i]! * values[i - lag]!;
  return sum / (values.length - first);
}

/** Autocorrelations of one octave, each worked out once. */
class Octave {
  readonly #values: Float64Array;
  readonly #known = new Map<number, number>();
  readonly variance: number;

  constructor(values: Float64Array, window: number) {
    this.#values = new Float64Array(values.length);
    freed(values, window, this.#values);
    this.variance = product(this.#values, 0);
  }

  at(lag: number): number {
    const known = this.#known.get(lag);
    if (known !== undefined) return known;
    const value = this.variance > 0 ? product(this.#values, lag) / this.variance : 0;
    this.#known.set(lag, value);
    return value;
  }

  /** Of the newest third alone: what has ended is not found in what was before. */
  lately(lag: number): number {
    const first = Math.max(lag, Math.floor((2 / 3) * this.#values.length));
    const variance = product(this.#values, 0, first);
    return variance > 0 ? product(this.#values, lag, first) / variance : 0;
  }

  /** The highest within `around` of a lag. */
  near(lag: number, around: number): { lag: number; value: number } {
    let best = { lag, value: this.at(lag) };
    for (let l = Math.max(1, lag - around); l <= lag + around; l++)
      if (this.at(l) > best.value) best = { lag: l, value: this.at(l) };
    return best;
  }

  lowest(from: number, to: number): number {
    let low = 1;
    for (let lag = from; lag <= to; lag++) low = Math.min(low, this.at(lag));
    return low;
  }

  /** What an autocorrelation deviates by where there is none: values that hang together are fewer than they seem. */
  deviation(lag: number): number {
    let sum = 1;
    for (let l = 1; l < lag && this.at(l) > 0.1; l++) sum += 2 * this.at(l) ** 2;
    return Math.sqrt(sum / this.#values.length);
  }
}

function surety(octave: Octave, lag: number): number {
  const twice = octave.near(2 * lag, 1);
  return Math.min(octave.at(lag), twice.value, octave.near(Math.round(1.5 * twice.lag), 1).value);
}

/** The lag as exactly as many repeats tell it; whole where that is as good. */
function exactly(octave: Octave, lag: number, most: number): number {
  let times = 1;
  let far = lag;
  // Under noise a flat peak may lie a little off at first.
  let around = Math.max(1, Math.round(lag / WIDE));
  while (2 * far + around <= most) {
    far = octave.near(2 * far, around).lag;
    times *= 2;
    around = Math.max(1, Math.round(around / 2));
  }
  const whole = Math.round(far / times);
  return Math.abs(whole * times - far) <= 1 ? whole : far / times;
}

/**
 * The strongest repeat with a lag of `shortest` to `longest` values; undefined where there is none.
 * @param values ascending in time, without gaps
 * @param usual lag that is kept where another one is not much stronger, @default none
 */
export function repeatOf(
  values: Float64Array,
  shortest: number,
  longest: number,
  usual = Number.NaN,
): Repeat | undefined {
  const found: Repeat[] = [];
  const most = Math.min(longest, Math.floor(values.length / TIMES));
  for (let from = shortest; from <= most; from *= 2) {
    const octave = new Octave(values, Math.max(8, 2 * from));
    if (!(octave.variance > 0)) continue;
    for (let lag = from; lag < 2 * from && lag <= most; lag++) {
      const here = octave.at(lag);
      if (here < LEAST || here < octave.at(lag - 1) || here < octave.at(lag + 1)) continue;
      if (octave.lately(lag) < LEAST) continue;
      const sure = surety(octave, lag);
      if (sure < Math.max(LEAST, CHANCE * octave.deviation(lag))) continue;
      if (sure - octave.lowest(Math.ceil(lag / 2), lag - 1) < PROMINENCE) continue;
      if (sure - octave.lowest(lag + 1, Math.floor(1.5 * lag)) < PROMINENCE) continue;
      found.push({
        lag: exactly(octave, lag, Math.floor(values.length / 2)),
        surety: sure,
        power: sure * octave.variance,
      });
    }
  }
  const power = Math.max(...found.map((one) => one.power));
  return (
    found.find((one) => alike(one.lag, usual) && one.power >= USUAL * power) ??
    found.find((one) => one.power >= SAME * power)
  );
}
