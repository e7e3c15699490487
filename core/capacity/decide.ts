import { Heap } from './heap.ts';
import type { Leads } from './horizons.ts';
import { type Loss, PoolCalls } from './pool.ts';
import { type StockTarget, stockTarget } from './stock.ts';
import { Switching } from './switching.ts';
import { gain, type ShardView } from './view.ts';

/** The shared part of the fleet, in slices. */
export interface PoolView {
  readonly ready: number;
  /** Draining or starting: free or ready by the time that a start decided now would serve. */
  readonly arriving: number;
  /** Upper bound of the ready pool; a fixed target instead of a computed one. */
  readonly bound: number;
  readonly target?: number;
  /** Slices that may still be started before the fleet is at its maximum. */
  readonly room: number;
  /** Of a stopped slice per tick, in slice-ticks. */
  readonly stoppedPrice: number;
  readonly losses: readonly Loss[];
}

/** What one tick decides, in slices per shard. Which slices is decided after this. */
export interface Decision {
  /** Given back to the pool because the forecast does not pay for them. */
  readonly release: Int32Array;
  /** Of the ready ones, taken into service now; in order of claim. */
  readonly activate: readonly Activation[];
  /** Shards that would take more than the pool has now, most urgent first: served by slices that come free. */
  readonly wanting: readonly Activation[];
  readonly start: number;
  /** Ready slices that the pool should keep or have by then; the rest may stop. */
  readonly keep: number;
  readonly stock: StockTarget;
}

export interface Activation {
  readonly shard: number;
  readonly rule: 'guarantee' | 'forecast';
  /** Expected value over cost. */
  readonly value: number;
}

/** What giving back must save at least (slice-ticks): a move drains connections and warms caches anew, so break-even is not enough. */
const DISTURBANCE = 0.25;

/** Sizes all shards and the pool for one tick. Re-used between ticks for its arrays; holds no state between calls. */
export class Sizing {
  private readonly leads: Leads;
  private readonly switching: Switching;
  private readonly calls = new PoolCalls();

  constructor(leads: Leads) {
    this.leads = leads;
    this.switching = new Switching(leads, leads.ticks);
  }

  decide(views: readonly ShardView[], pool: PoolView): Decision {
    const serving = Float64Array.from(views, (view) => view.serving);
    const release = this.releases(views, serving);
    const { activate, wanting } = this.activations(views, serving, release, Math.floor(pool.ready));
    let released = 0;
    for (const n of release) released += n;
    const have = pool.ready - activate.length + pool.arriving + released;
    const { start, keep } = this.poolSize(views, serving, pool, have);
    let running = have + start;
    for (const n of serving) running += n;
    const stock = stockTarget(views, serving, running, pool.stoppedPrice, this.leads, pool.losses);
    return { release, activate, wanting, start, keep, stock };
  }

  /**
   * Slices that each shard would have if the pool had all that it asks for: of shards that are looked at and not
   * moved.
   */
  asIf(views: readonly ShardView[]): Float64Array {
    const serving = Float64Array.from(views, (view) => view.serving);
    const release = this.releases(views, serving);
    for (const { shard } of this.activations(views, serving, release, 0).wanting) serving[shard]! += 1;
    return serving;
  }

  private releases(views: readonly ShardView[], serving: Float64Array): Int32Array {
    const release = new Int32Array(views.length);
    for (let s = 0; s < views.length; s++) {
      const view = views[s]!;
      while (serving[s]! - 1 >= view.floor) {
        const surplus = serving[s]! > view.ceiling;
        if (!surplus && this.switching.releaseSaves(view, serving[s]!) <= DISTURBANCE) break;
        serving[s]! -= 1;
        release[s]! += 1;
      }
    }
    return release;
  }

  /** Guarantees first, then by priority and value. A shard that gave back in this tick does not take. */
  private activations(
    views: readonly ShardView[],
    serving: Float64Array,
    release: Int32Array,
    ready: number,
  ) {
    const heap = new Heap<Activation>((a, b) => before(a, b, views));
    const claim = (s: number, have: number) => {
      const view = views[s]!;
      if (have + 1 > view.ceiling) return;
      if (have < view.floor) {
        heap.push({ shard: s, rule: 'guarantee', value: gain(view, this.leads.activate, have) });
        return;
      }
      const value = this.switching.activateGains(view, have);
      if (value > 0) heap.push({ shard: s, rule: 'forecast', value });
    };
    for (let s = 0; s < views.length; s++) if (release[s] === 0) claim(s, serving[s]!);
    const activate: Activation[] = [];
    const wanting: Activation[] = [];
    const asked = Float64Array.from(serving);
    for (let next = heap.pop(); next !== undefined; next = heap.pop()) {
      asked[next.shard]! += 1;
      if (activate.length < ready) {
        activate.push(next);
        serving[next.shard]! += 1;
      } else wanting.push(next);
      claim(next.shard, asked[next.shard]!);
    }
    return { activate, wanting };
  }

  private poolSize(views: readonly ShardView[], serving: Float64Array, pool: PoolView, have: number) {
    const calls = this.calls.count(views, serving, this.leads, pool.losses);
    let shortfall = 0;
    for (let s = 0; s < views.length; s++) shortfall += Math.max(0, Math.ceil(views[s]!.floor - serving[s]!));
    // A start pays for its own lead time once more when nobody calls for it.
    let wanted = 0;
    while (
      wanted < calls.most &&
      calls.value(wanted + 1) > 1 + this.leads.start * (1 - calls.called(wanted + 1))
    )
      wanted += 1;
    // What will hardly be called for is the ready pool proper, and that has its bound.
    let sure = 0;
    while (sure < wanted && calls.called(sure + 1) >= 0.5) sure += 1;
    const most = sure + Math.min(pool.bound, pool.target ?? Number.POSITIVE_INFINITY);
    wanted = Math.max(shortfall, pool.target === undefined ? Math.min(wanted, most) : most);
    if (wanted > have)
      return { start: Math.max(0, Math.min(Math.ceil(wanted - have), pool.room)), keep: wanted };
    const last = Math.min(have, calls.most, most);
    let keep = wanted;
    while (keep < last && calls.value(keep + 1) + calls.called(keep + 1) > 1) keep += 1;
    return { start: 0, keep };
  }
}

function before(a: Activation, b: Activation, views: readonly ShardView[]): number {
  if (a.rule !== b.rule) return a.rule === 'guarantee' ? -1 : 1;
  const priority = views[b.shard]!.priority - views[a.shard]!.priority;
  if (priority !== 0) return priority;
  return b.value - a.value || a.shard - b.shard;
}
