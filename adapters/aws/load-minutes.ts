import type { LoadPoint } from '../../core/forecast/forecast.ts';
import { HOUR, type Seconds } from '../../core/time.ts';

/** One minute of load: when it begins, and the load by shard. */
export type LoadMinute = readonly [minute: Seconds, loads: ReadonlyMap<string, number>];

/** Two loads that differ by no more than this share of the larger one are the same. */
const SAME = 0.05;

/**
 * What was measured and is to be recorded: each minute of a shard comes out once, a late one when it is there, and
 * once more when it was corrected.
 */
export class LoadMinutes {
  readonly #seen = new Map<string, Map<Seconds, number>>();
  #waiting = new Map<Seconds, Map<string, number>>();

  /** @returns the minutes that say something else now than they did. */
  add(shard: string, points: readonly LoadPoint[]): readonly Seconds[] {
    const seen = this.#seen.get(shard) ?? new Map<Seconds, number>();
    this.#seen.set(shard, seen);
    const corrected: Seconds[] = [];
    for (const { time, load } of points) {
      const was = seen.get(time);
      if (was !== undefined && Math.abs(load - was) <= SAME * Math.max(load, was)) continue;
      if (was !== undefined) corrected.push(time);
      seen.set(time, load);
      const minute = this.#waiting.get(time) ?? new Map<string, number>();
      this.#waiting.set(time, minute.set(shard, load));
    }
    const oldest = (points.at(-1)?.time ?? 0) - HOUR;
    for (const time of seen.keys()) if (time < oldest) seen.delete(time);
    return corrected;
  }

  /** What came since the last call, ascending. */
  take(): readonly LoadMinute[] {
    const taken = [...this.#waiting].sort(([a], [b]) => a - b);
    this.#waiting = new Map();
    return taken;
  }
}
