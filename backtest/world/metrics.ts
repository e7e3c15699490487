import type { Measured } from '../../core/capacity/plan.ts';
import type { LoadPoint } from '../../core/forecast/forecast.ts';
import type { LoadMetrics } from '../../core/ports.ts';
import { MINUTE, type Seconds } from '../../core/time.ts';
import type { LoadTrace } from '../load.ts';
import type { ShardService } from './service.ts';

/** Seconds that an unloaded request takes; near its capacity a service takes up to 20 times that (an M/M/1 queue). */
const BASE_LATENCY = 0.05;
const BUSIEST = 0.95;
/** A shard that was not measured for this long counts as never measured. */
const LOOK_BACK = 60;

/**
 * What is measured of the load, as late as the settings say: at `now` the newest point is the last full minute that
 * ended `delay` seconds ago. A point carries the time at which its minute begins.
 */
export class SimMetrics implements LoadMetrics {
  readonly #trace: LoadTrace;
  readonly #rows: ReadonlyMap<string, Float64Array>;
  readonly #services: ReadonlyMap<string, ShardService>;
  readonly #worldStart: Seconds;
  readonly #delay: Seconds;
  readonly #now: () => Seconds;

  constructor(
    trace: LoadTrace,
    services: ReadonlyMap<string, ShardService>,
    worldStart: Seconds,
    delay: Seconds,
    now: () => Seconds,
  ) {
    this.#trace = trace;
    this.#rows = new Map(trace.shards.map((shard, s) => [shard, trace.values[s] ?? new Float64Array()]));
    this.#services = services;
    this.#worldStart = worldStart;
    this.#delay = delay;
    this.#now = now;
  }

  async history(shard: string, from: Seconds, to: Seconds): Promise<readonly LoadPoint[]> {
    const { start } = this.#trace;
    const row = this.#row(shard);
    const first = Math.max(0, Math.floor((from - start) / MINUTE) + 1);
    const last = Math.min(this.#newest(), Math.floor((to - start) / MINUTE), row.length - 1);
    const points: LoadPoint[] = [];
    for (let i = first; i <= last; i++) {
      const load = row[i] as number;
      if (Number.isFinite(load)) points.push({ time: start + i * MINUTE, load });
    }
    return points;
  }

  async measured(shards: readonly string[]): Promise<readonly Measured[]> {
    return shards.map((shard) => this.#measure(shard));
  }

  #measure(shard: string): Measured {
    const row = this.#row(shard);
    const newest = Math.min(this.#newest(), row.length - 1);
    let i = newest;
    while (i > newest - LOOK_BACK && i >= 0 && !Number.isFinite(row[i])) i--;
    const load = row[i];
    if (load === undefined || !Number.isFinite(load)) return { shard };
    const time = this.#trace.start + i * MINUTE;
    const service = this.#services.get(shard);
    const minute = (time - this.#worldStart) / MINUTE;
    const capacity = (service?.capacitySeconds[minute] ?? 0) / MINUTE;
    if (service === undefined || minute < 0 || capacity === 0) return { shard, time, load };
    const utilization = load / capacity;
    const served = service.served[minute] ?? 0;
    const waited = served > 0 ? (service.waited[minute] ?? 0) / served : 0;
    return {
      shard,
      time,
      load,
      utilization,
      latency: waited + BASE_LATENCY / (1 - Math.min(utilization, BUSIEST)),
    };
  }

  #newest(): number {
    return Math.floor((this.#now() - this.#delay - this.#trace.start) / MINUTE) - 1;
  }

  #row(shard: string): Float64Array {
    const row = this.#rows.get(shard);
    if (row === undefined)
      throw new RangeError(`no load for shard ${shard}: the trace has ${this.#trace.shards.join(', ')}`);
    return row;
  }
}
