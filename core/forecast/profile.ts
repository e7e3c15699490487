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
