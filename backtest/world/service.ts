import { MINUTE, type Seconds } from '../../core/time.ts';
import { FluidQueue, type Tally } from './queue.ts';

/** One shard's side of the world: the load that comes, the capacity that serves it, and what became of it per minute. */
export class ShardService {
  readonly name: string;
  readonly perInstance: number;
  /** Load of each minute from `start` on; a missing value counts as no load. */
  readonly load: Float64Array;
  /** Per minute: capacity × s, unmet load × s, served load × s, served load × s waited. */
  readonly capacitySeconds: Float64Array;
  readonly unmet: Float64Array;
  readonly served: Float64Array;
  readonly waited: Float64Array;
  readonly #start: Seconds;
  readonly #queue: FluidQueue;
  readonly #targets = new Map<string, number>();
  #capacity = 0;
  #at: Seconds;

  constructor(
    shard: { name: string; perInstance: number; maxWait: number },
    load: Float64Array,
    start: Seconds,
  ) {
    this.name = shard.name;
    this.perInstance = shard.perInstance;
    this.load = load.map((value) => (Number.isFinite(value) ? value : 0));
    this.capacitySeconds = new Float64Array(load.length);
    this.unmet = new Float64Array(load.length);
    this.served = new Float64Array(load.length);
    this.waited = new Float64Array(load.length);
    this.#start = start;
    this.#at = start;
    this.#queue = new FluidQueue(shard.maxWait);
  }

  /** Slices that are registered and healthy. */
  get serving(): number {
    return this.#targets.size;
  }

  /** Capacity in service, in the shard's unit. */
  get capacity(): number {
    return this.#capacity;
  }

  /** Slices of mean size that are missing for this minute's load when `without` of those that serve are left out. */
  short(without: number, now: Seconds): number {
    const load = this.load[Math.floor((now - this.#start) / MINUTE)] ?? 0;
    const one = this.serving > 0 ? this.#capacity / this.serving : this.perInstance;
    return Math.max(0, Math.ceil((load - (this.#capacity - without * one)) / one - 1e-9));
  }

  /** A slice with this share begins to serve, or stops with share 0. */
  target(slice: string, share: number, now: Seconds): void {
    this.advance(now);
    if (share > 0) this.#targets.set(slice, share);
    else this.#targets.delete(slice);
    let total = 0;
    for (const value of this.#targets.values()) total += value;
    this.#capacity = total * this.perInstance;
  }

  /** Serves everything up to `now`. */
  advance(now: Seconds): void {
    const tally: Tally = { served: 0, unmet: 0, waited: 0 };
    while (this.#at < now) {
      const minute = Math.floor((this.#at - this.#start) / MINUTE);
      if (minute >= this.load.length) break;
      const until = Math.min(now, this.#start + (minute + 1) * MINUTE);
      tally.served = tally.unmet = tally.waited = 0;
      this.#queue.serve(this.#at, until, this.load[minute] ?? 0, this.#capacity, tally);
      add(this.capacitySeconds, minute, this.#capacity * (until - this.#at));
      add(this.served, minute, tally.served);
      add(this.unmet, minute, tally.unmet);
      add(this.waited, minute, tally.waited);
      this.#at = until;
    }
    this.#at = Math.max(this.#at, now);
  }
}

function add(series: Float64Array, index: number, value: number): void {
  series[index] = (series[index] ?? 0) + value;
}
