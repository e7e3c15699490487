import type { Leads } from './horizons.ts';
import { gain, type ShardView } from './view.ts';

/** What a free, ready slice is worth one tick from now: about one start saved. */
const READY_WORTH = 1;

/**
 * Whether one slice more or less pays, given that switching costs too: a start is paid from the decision on, a
 * released slice is paid until it is drained. The forecast's expected gain per tick is known for the ticks ahead, so
 * the cheapest on/off path of that slice is a two-state recursion from the last tick back. This is why nothing flaps
 * and no timer is needed: a slice is given back exactly when the dip ahead is longer than giving it back costs.
 *
 * All values are in slice-ticks (the cost of one running slice for one tick). Not re-entrant: it reuses its arrays.
 */
export class Switching {
  private readonly leads: Leads;
  private readonly on: Float64Array;
  private readonly off: Float64Array;
  private readonly last: number;

  /** @param ticks how many ticks ahead the views know. */
  constructor(leads: Leads, ticks: number) {
    this.leads = leads;
    this.last = ticks;
    this.on = new Float64Array(ticks + 1);
    this.off = new Float64Array(ticks + 1);
  }

  /** What giving back the slice on top of `serving − 1` saves over keeping it; positive: give it back. */
  releaseSaves(view: ShardView, serving: number): number {
    const { drain } = this.leads;
    const now = gain(view, 0, serving - 1);
    if (now >= drain + READY_WORTH) return -now;
    this.solve(view, serving - 1, 1);
    return 1 - now + this.on[1]! - (drain + this.off[1]!) + READY_WORTH;
  }

  /** What serving with a ready slice on top of `serving` gains over leaving it ready. */
  activateGains(view: ShardView, serving: number): number {
    const at = this.leads.activate;
    const now = gain(view, at, serving);
    if (now < 0.02) return 0;
    this.solve(view, serving, at + 1);
    return now + this.off[at + 1]! - this.on[at + 1]! - READY_WORTH;
  }

  /** Fills on[h], off[h]: cheapest cost from tick h to the end, being on or off then. */
  private solve(view: ShardView, have: number, from: number): void {
    const { on, off, last } = this;
    const { start, drain } = this.leads;
    on[last] = 0;
    off[last] = 0;
    for (let h = last - 1; h >= from; h--) {
      const keep = 1 - gain(view, h, have) + on[h + 1]!;
      const release = drain + off[h + 1]!;
      on[h] = Math.min(keep, release);
      const stay = off[h + 1]!;
      const begin = h + start <= last ? start + on[h + start]! : stay;
      off[h] = Math.min(stay, begin);
    }
  }
}
