import { LEVELS, MEDIAN } from './forecast.ts';

const TOP = LEVELS.length - 1;
const ABOVE_TOP = 1 - LEVELS[TOP]!;
/** Natural log of how many times rarer the top level is than 0.99: the span over which the tail's slope is read. */
const TAIL_FROM = LEVELS.indexOf(0.99);
const TAIL_SPAN = Math.log((1 - LEVELS[TAIL_FROM]!) / ABOVE_TOP);

/**
 * The load at one time to come as a distribution: straight lines between the given quantiles, an exponential tail
 * above the highest one as steep as the quantiles from 0.99 on, a point mass below the lowest one.
 *
 * The one question that capacity asks of it is {@link Distribution.excess}: how much load is expected above a
 * capacity. Its slope is the value of the next bit of capacity.
 */
export class Distribution {
  private readonly lower: ArrayLike<number>;
  private readonly upper: ArrayLike<number>;
  private readonly weight: number;
  // Worked out when first asked for: of the many that a plan has at hand it looks at few.
  private known: readonly number[] | undefined;
  private excesses: readonly number[] | undefined;

  /** @param upper with it, the quantiles are a share `weight` of the way from `quantiles` to it, level by level */
  constructor(quantiles: ArrayLike<number>, upper: ArrayLike<number> = quantiles, weight = 0) {
    this.lower = quantiles;
    this.upper = upper;
    this.weight = weight;
    this.known = undefined;
    this.excesses = undefined;
  }

  get quantiles(): readonly number[] {
    return this.known ?? this.learn();
  }

  get median(): number {
    return this.quantiles[MEDIAN]!;
  }

  /** Distance from the 0.1 to the 0.9 quantile. */
  get spread(): number {
    return this.quantiles[6]! - this.quantiles[2]!;
  }

  /** The load that is not exceeded with this probability (0 < level < 1). */
  at(level: number): number {
    const q = this.quantiles;
    if (level >= LEVELS[TOP]!) return q[TOP]! + tailOf(q) * Math.log(ABOVE_TOP / (1 - level));
    if (level <= LEVELS[0]) return q[0]!;
    let i = TOP - 1;
    while (LEVELS[i]! > level) i--;
    return q[i]! + (q[i + 1]! - q[i]!) * ((level - LEVELS[i]!) / (LEVELS[i + 1]! - LEVELS[i]!));
  }

  /** E[max(0, load − capacity)], in units of load. Convex, falling, exact for the shape above. */
  excess(capacity: number): number {
    const q = this.quantiles;
    const e = this.excesses ?? this.integrate();
    if (capacity >= q[TOP]!) {
      const tail = tailOf(q);
      return tail > 0 ? e[TOP]! * Math.exp((q[TOP]! - capacity) / tail) : 0;
    }
    if (capacity <= q[0]!) return e[0]! + q[0]! - capacity;
    let i = TOP - 1;
    while (q[i]! > capacity) i--;
    const width = q[i + 1]! - q[i]!;
    const left = q[i + 1]! - capacity;
    const levelHere = LEVELS[i + 1]! - (LEVELS[i + 1]! - LEVELS[i]!) * (left / width);
    return e[i + 1]! + left * (1 - (levelHere + LEVELS[i + 1]!) / 2);
  }

  /** Load expected to be served by the capacity between `low` and `high`. */
  between(low: number, high: number): number {
    return this.excess(low) - this.excess(high);
  }

  private learn(): readonly number[] {
    const { lower, upper, weight } = this;
    // Plain arrays all along: a small typed array costs an allocation outside the heap.
    const q = weight > 0 ? blend(lower, upper, weight) : isPlain(lower) ? lower : plain(lower);
    this.known = q;
    return q;
  }

  /** Expected excess over each quantile. */
  private integrate(): readonly number[] {
    const q = this.quantiles;
    const e = plain(q);
    e[TOP] = ABOVE_TOP * tailOf(q);
    for (let i = TOP - 1; i >= 0; i--) {
      e[i] = e[i + 1]! + (q[i + 1]! - q[i]!) * (1 - (LEVELS[i]! + LEVELS[i + 1]!) / 2);
    }
    this.excesses = e;
    return e;
  }
}

/** How far the load goes on, on average, above the highest quantile. */
function tailOf(q: readonly number[]): number {
  return Math.max(0, (q[TOP]! - q[TAIL_FROM]!) / TAIL_SPAN);
}

function isPlain(values: ArrayLike<number>): values is readonly number[] {
  return Array.isArray(values);
}

function plain(values: ArrayLike<number>): number[] {
  const copy: number[] = [];
  for (let i = 0; i < values.length; i++) copy.push(values[i]!);
  return copy;
}

/** Quantiles a share `weight` of the way from `a` to `b`, level by level. */
export function blend(a: ArrayLike<number>, b: ArrayLike<number>, weight: number): number[] {
  const mixed: number[] = [];
  for (let i = 0; i < LEVELS.length; i++) mixed.push(a[i]! + (b[i]! - a[i]!) * weight);
  return mixed;
}
