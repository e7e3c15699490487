import type { Measured } from '../../core/capacity/plan.ts';
import type { LoadPoint } from '../../core/forecast/forecast.ts';
import type { LoadMetrics, ShardStore } from '../../core/ports.ts';
import type { Settings, ShardSettings } from '../../core/settings/schema.ts';
import { HOUR, MINUTE, type Seconds } from '../../core/time.ts';
import { type LoadMinute, LoadMinutes } from './load-minutes.ts';
import type { Report } from './reported-lines.ts';
import { minutesOf, reportsByShard, type ShardMinute, servingSlices } from './reported-minutes.ts';
import { type Reports, readReports } from './reported-read.ts';

export interface ReportedMetricsParts extends Reports {
  readonly settings: Settings;
  readonly store: Pick<ShardStore, 'slices'>;
  /** What measures shards that nobody reports of, and what was before the reports: CloudWatch. */
  readonly others: LoadMetrics & { readonly minutes: Pick<LoadMinutes, 'take'> };
}

/** Minutes that are read at each tick, so that a late line is still seen. */
const LOOK_BACK: Seconds = 5 * MINUTE;
/** Farther back reports are not read: there may be very many. */
const HISTORY: Seconds = HOUR;
const PATIENCE: Seconds = 10;

/**
 * {@link LoadMetrics} of what the instances report themselves: whole minutes, seconds after their end.
 *
 * Invariants: a minute in which an instance served and has not reported is late, not smaller; with 80 % of the slices
 * reported it is scaled. A shard that no slice of ours serves (in shadow, asleep), whose reports have stopped, or for
 * which the settings name metrics of its own, is measured by CloudWatch instead.
 */
export class ReportedMetrics implements LoadMetrics {
  readonly #parts: ReportedMetricsParts;
  readonly #shards: ReadonlyMap<string, ShardSettings>;
  readonly #minutes = new LoadMinutes();
  readonly #known = new Map<string, ShardMinute>();

  constructor(parts: ReportedMetricsParts) {
    this.#parts = parts;
    this.#shards = new Map(parts.settings.shards.map((shard) => [shard.name, shard]));
  }

  /** Minutes of load that {@link measured} brought, to be recorded. */
  get minutes(): { take(): readonly LoadMinute[] } {
    return { take: () => [...this.#minutes.take(), ...this.#parts.others.minutes.take()] };
  }

  async measured(shards: readonly string[]): Promise<readonly Measured[]> {
    const { clock, others, warn } = this.#parts;
    const now = clock.now();
    const end = Math.floor(now / MINUTE) * MINUTE;
    const serving = servingSlices(await this.#parts.store.slices());
    const reports = reportsByShard(await this.#read(end - LOOK_BACK, end, now));
    const elsewhere: string[] = [];
    for (const shard of shards) {
      const slices = serving.get(shard) ?? [];
      const minutes = this.#isReported(shard) ? minutesOf(shard, slices, reports.get(shard) ?? [], now) : [];
      this.#minutes.add(shard, minutes);
      const newest = minutes.at(-1);
      if (newest !== undefined && newest.time >= (this.#known.get(shard)?.time ?? 0))
        this.#known.set(shard, newest);
      if (end - (this.#known.get(shard)?.time ?? 0) > LOOK_BACK) {
        elsewhere.push(shard);
        const served = slices.some(({ placement }) => placement.since < end - LOOK_BACK);
        if (served && this.#isReported(shard))
          warn(`load of ${shard}: its instances have not reported for ${LOOK_BACK} s; CloudWatch is asked`);
      }
    }
    const asked = new Map((await others.measured(elsewhere)).map((one) => [one.shard, one]));
    return shards.map((shard) => asked.get(shard) ?? { shard, ...this.#known.get(shard) });
  }

  async history(shard: string, from: Seconds, to: Seconds): Promise<readonly LoadPoint[]> {
    const { clock, others } = this.#parts;
    const now = clock.now();
    const minute = (time: Seconds) => Math.floor(time / MINUTE) * MINUTE;
    // Not the point at `from` itself, and no minute that has not ended.
    const begin = Math.max(minute(from) + MINUTE, minute(now - HISTORY));
    const end = Math.min(minute(to) + MINUTE, minute(now));
    if (!this.#isReported(shard) || begin >= end) return others.history(shard, from, to);
    const serving = servingSlices(await this.#parts.store.slices());
    const reports = reportsByShard(await readReports(this.#parts, begin, end, now + PATIENCE)).get(shard);
    const recent = minutesOf(shard, serving.get(shard) ?? [], reports ?? [], now);
    const [first] = recent;
    if (first === undefined) return others.history(shard, from, to);
    const before = from < first.time - MINUTE ? await others.history(shard, from, first.time - MINUTE) : [];
    return [...before, ...recent.map(({ time, load }) => ({ time, load }))];
  }

  /** A tick without reports plans with what was known. */
  async #read(from: Seconds, end: Seconds, now: Seconds): Promise<readonly Report[]> {
    try {
      return await readReports(this.#parts, from, end, now + PATIENCE);
    } catch (error) {
      this.#parts.warn(`reports: ${error}`);
      return [];
    }
  }

  /** Reporters know requests, their time, CPU and memory, and nothing else. */
  #isReported(shard: string): boolean {
    const measure = this.#shards.get(shard)?.measure;
    return measure?.load === undefined && measure?.latency === undefined && !measure?.utilization.length;
  }
}
