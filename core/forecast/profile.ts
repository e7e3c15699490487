import type { StateReader, StateWriter } from './state.ts';

/**
 * What one shard's load was, minute by minute, for as long as the seasons need, and what the seasons say of a minute
 * to come: the mean of the same time on earlier days (newer ones weigh more) and of the same time in earlier weeks.
 *
 * Steps are counted from the first point. Values live in rings, so that memory is bounded.
 */
const DAYS = 7;
const DAY_DECAY = 0.75;
const WEEKS = 3;
const WEEK_DECAY = 0.6;
/** Minutes on each side over which a season is smoothed. */
const SMOOTH_MINUTES = 7;
/** Largest number of half width, about. */
const MOST_HALF_WIDTH = 3e38;

export class Profile {
  private readonly day: number;
  private readonly week: number;
  private readonly reach: number;
  private readonly size: number;
  /** Running sums, so that any centred mean is a difference; the ring holds `size` of them. */
  private readonly sums: Float64Array;
  private count = 0;
  private total = 0;
  /** Seasons already looked up, by index: each is asked for once per lead and does not change once it is known. */
  private readonly known: {
    readonly index: Float64Array;
    readonly daily: Float64Array;
    readonly weekly: Float64Array;
  };

  /**
   * @param step seconds per point.
   * @param farthest points ahead that are asked for.
   */
  constructor(step: number, farthest: number) {
    const slots = farthest + 1;
    this.known = {
      index: new Float64Array(slots).fill(-1),
      daily: new Float64Array(slots),
      weekly: new Float64Array(slots),
    };
    this.day = Math.max(1, Math.round(86_400 / step));
    this.week = 7 * this.day;
    this.reach = Math.floor((SMOOTH_MINUTES * 60) / step);
    this.size = WEEKS * this.week + 2 * this.reach + 2;
    this.sums = new Float64Array(this.size);
  }

  push(value: number): void {
    this.total += value;
    this.sums[this.count % this.size] = this.total;
    this.count += 1;
  }

  /** Same time on earlier days; NaN while there is no earlier day. `index` counts points from the first. */
  daily(index: number): number {
    return this.known.daily[this.slot(index)]!;
  }

  weekly(index: number): number {
    return this.known.weekly[this.slot(index)]!;
  }

  /**
   * The values, in half width: they only enter the seasons, as means of several. Loads that do not fit are divided
   * by a power of two. Seasons looked up before come out the same when they are looked up again.
   */
  save(out: StateWriter): void {
    const kept = Math.min(this.count, this.size - 1);
    const values = new Float64Array(kept);
    let most = 0;
    for (let i = 0; i < kept; i++) {
      const at = this.count - kept + i;
      const before = at === 0 ? 0 : this.sums[(at - 1) % this.size]!;
      values[i] = this.sums[at % this.size]! - before;
      most = Math.max(most, Math.abs(values[i]!));
    }
    const unit = most > MOST_HALF_WIDTH ? 2 ** Math.ceil(Math.log2(most / MOST_HALF_WIDTH)) : 1;
    out.numbers(this.count, unit);
    const half = new Float32Array(kept);
    for (let i = 0; i < kept; i++) half[i] = values[i]! / unit;
    out.array(half);
  }

  load(from: StateReader): void {
    const count = from.count('points');
    const [unit] = from.numbers(1) as [number];
    const kept = Math.min(count, this.size - 1);
    this.count = count - kept;
    this.total = 0;
    this.sums.fill(0);
    this.known.index.fill(-1);
    const values = from.fill(new Float32Array(kept));
    for (let i = 0; i < kept; i++) this.push(values[i]! * unit);
  }

  private slot(index: number): number {
    const { known } = this;
    const slot = index % known.index.length;
    if (known.index[slot] !== index) {
      // What lies more than a day ahead is not all known yet: it is looked up anew until it is.
      known.index[slot] = index - this.day + this.reach < this.count ? index : -1;
      known.daily[slot] = this.season(index, this.day, DAYS, DAY_DECAY);
      known.weekly[slot] = this.season(index, this.week, WEEKS, WEEK_DECAY);
    }
    return slot;
  }

  private season(index: number, period: number, periods: number, decay: number): number {
    let sum = 0;
    let weights = 0;
    let weight = 1;
    for (let n = 1; n <= periods; n++) {
      const at = index - n * period;
      if (at < 0) break;
      weight *= decay;
      if (at >= this.count) continue;
      const mean = this.smooth(at);
      if (Number.isNaN(mean)) break;
      sum += weight * mean;
      weights += weight;
    }
    return weights > 0 ? sum / weights : Number.NaN;
  }

  private smooth(index: number): number {
    const oldest = Math.max(0, this.count - this.size + 1);
    const from = Math.max(oldest, index - this.reach);
    const to = Math.min(this.count - 1, index + this.reach);
    if (to < from || index < oldest) return Number.NaN;
    const before = from === 0 ? 0 : this.sums[(from - 1) % this.size]!;
    return (this.sums[to % this.size]! - before) / (to - from + 1);
  }
}
