import type { LoadPoint } from '../../core/forecast/forecast.ts';
import { HOUR, type Seconds } from '../../core/time.ts';

/** One minute of load: when it begins, and the load by shard. */
export type LoadMinute = readonly [minute: Seconds, loads: ReadonlyMap<string, number>];

/** What was measured and is to be recorded: each minute of a shard comes out once, a late one when it is there. */
export class LoadMinutes {
  readonly #seen = new Map<string, Set<Seconds>>();
  #waiting = new Map<Seconds, Map<string, number>>();

  add(shard: string, points: readonly LoadPoint[]): void {
    const seen = this.#seen.get(shard) ?? new Set();
    this.#seen.set(shard, seen);
    for (const { time, load } of points) {
      if (seen.has(time)) continue;
      seen.add(time);
      const minute = this.#waiting.get(time) ?? new Map<string, number>();
      this.#waiting.set(time, minute.set(shard, load));
    }
    const oldest = (points.at(-1)?.time ?? 0) - HOUR;
    for (const time of seen) if (time < oldest) seen.delete(time);
  }

  /** What came since the last call, ascending. */
  take(): readonly LoadMinute[] {
    const taken = [...this.#waiting].sort(([a], [b]) => a - b);
    this.#waiting = new Map();
    return taken;
  }
}
