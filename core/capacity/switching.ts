import type { Distribution } from '../forecast/distribution.ts';
import { LEVELS, MEDIAN } from '../forecast/forecast.ts';
import type { Leads } from './horizons.ts';
import { gain, learntUntil, type ShardView } from './view.ts';

/** What a free, ready slice is worth one tick from now: it often saves a start. */
const READY_WORTH = 0.5;

/**
 * Courses that the load may take: where in each tick's forecast it lies, and how likely each course is. Together they
 * have about the mean and the spread of the forecast; more of them decide no better.
 */
const COURSES = [
  { quantile: LEVELS.indexOf(0.1), weight: 0.3 },
  { quantile: MEDIAN, weight: 0.4 },
  { quantile: LEVELS.indexOf(0.9), weight: 0.3 },
];

/**
 * Whether one slice more or less pays, given that switching costs too: who comes back takes a ready slice, in whose
 * place another is started, and a released slice is paid until it is drained. The gain per tick is forecast for the
 * ticks ahead, so the cheapest on/off path of that slice is a two-state recursion from the last tick back. This is why
 * nothing flaps and no timer is needed: a slice is given back exactly when the dip ahead is longer than giving it back
 * costs.
 *
 * What is decided later is decided knowing more. So the recursion is done for several courses that the load may take,
 * each with what is still uncertain shortly before, and the mean of their costs counts: a slice that is kept can still
 * be given back when the load has fallen, and one that was given back is missed when it has not.
 *
 * All values are in slice-ticks (the cost of one running slice for one tick). Not re-entrant: it reuses its arrays.
 */
export class Switching {
  private readonly leads: Leads;
  private readonly on: Float64Array;
  private readonly off: Float64Array;
  private readonly learnt: Float64Array;
  private readonly last: number;

  /** @param ticks how many ticks ahead the views know. */
  constructor(leads: Leads, ticks: number) {
    this.leads = leads;
    this.last = ticks;
    this.on = new Float64Array(ticks + 1);
    this.off = new Float64Array(ticks + 1);
    this.learnt = new Float64Array(ticks + 1);
  }

  /** What giving back the slice on top of `serving − 1` saves over keeping it; positive: give it back. */
  releaseSaves(view: ShardView, serving: number): number {
    const { drain } = this.leads;
    const now = gain(view, 0, serving - 1);
    // Being on costs at most a drain more than being off: nothing ahead makes up for what it is worth now.
    if (now >= 1 + READY_WORTH) return -now;
    return 1 - now + this.onOverOff(view, serving - 1, 1) - drain + READY_WORTH;
  }

  /** What serving with a ready slice on top of `serving` gains over leaving it ready. */
  activateGains(view: ShardView, serving: number): number {
    const at = this.leads.activate;
    const now = gain(view, at, serving);
    if (now < 0.02) return 0;
    return now - this.onOverOff(view, serving, at + 1) - READY_WORTH;
  }

  /** Cheapest cost from tick `from` to the end with the slice on, over that with it off: the mean of the courses. */
  private onOverOff(view: ShardView, have: number, from: number): number {
    const { last, learnt } = this;
    const { ticks } = view.ahead;
    const late = ticks[this.leads.activate]!;
    for (let h = from; h < last; h++) learnt[h] = learntUntil(late, ticks[h]!);
    let mean = 0;
    for (const { quantile, weight } of COURSES)
      mean += weight * this.ofCourse(view, have, from, quantile, late);
    return mean;
  }

  private ofCourse(
    view: ShardView,
    have: number,
    from: number,
    quantile: number,
    late: Distribution,
  ): number {
    const { on, off, last, learnt } = this;
    const { activate, start, drain } = this.leads;
    const { slice, worth } = view;
    on[last] = 0;
    off[last] = 0;
    for (let h = last - 1; h >= from; h--) {
      const then = view.ahead.ticks[h]!;
      const centre = then.median + learnt[h]! * (then.quantiles[quantile]! - then.median);
      const low = have * slice + late.median - centre;
      const keep = 1 - worth * late.between(low, low + slice) + on[h + 1]!;
      const release = drain + off[h + 1]!;
      on[h] = Math.min(keep, release);
      const stay = off[h + 1]!;
      const begin = h + activate <= last ? start + on[h + activate]! : stay;
      off[h] = Math.min(stay, begin);
    }
    return on[from]! - off[from]!;
  }
}
