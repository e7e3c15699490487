import type { StoredSlice } from '../../core/ports.ts';
import { sliceId } from '../../core/shards/slice.ts';
import { MINUTE, type Seconds } from '../../core/time.ts';
import type { Report } from './reported-lines.ts';

/** A minute of a shard with so many of its slices reported is taken for the whole. */
export const ENOUGH = 0.8;
/** Lines come within seconds; a minute that lacks some is taken for the whole only after so long. */
export const WAIT: Seconds = 30;

/** What the slices of a shard did in a minute, together. */
export interface ShardMinute {
  /** When it begins. */
  readonly time: Seconds;
  /** Requests per second, of missing slices as many as of the others. */
  readonly load: number;
  /** Mean time of a request; undefined without any. */
  readonly latency?: Seconds;
  /** The larger one of mean CPU and mean memory of the instances. */
  readonly utilization: number;
}

/**
 * The minutes of a shard that are known, ascending. A minute is known when every slice that served the shard all
 * through it has reported, or {@link ENOUGH} of them have and {@link WAIT} has passed. Otherwise it is late.
 * @param slices that serve the shard now
 * @param reports of instances that served the shard
 */
export function minutesOf(
  shard: string,
  slices: readonly StoredSlice[],
  reports: readonly Report[],
  now: Seconds,
): ShardMinute[] {
  const byMinute = new Map<Seconds, Report[]>();
  for (const report of reports) {
    const minute = byMinute.get(report.minute);
    if (minute === undefined) byMinute.set(report.minute, [report]);
    else minute.push(report);
  }
  return [...byMinute]
    .sort(([a], [b]) => a - b)
    .flatMap(([minute, all]) => {
      const expected = slices.filter(({ placement }) => placement.since <= minute).map(({ slice }) => slice);
      const one = minuteOf(shard, minute, new Set(expected), all, now - (minute + MINUTE) >= WAIT);
      return one === undefined ? [] : [one];
    });
}

function minuteOf(
  shard: string,
  time: Seconds,
  expected: ReadonlySet<string>,
  reports: readonly Report[],
  waited: boolean,
): ShardMinute | undefined {
  let [requests, seconds, ofExpected, reported] = [0, 0, 0, 0];
  for (const { instance, slices } of reports) {
    for (const slice of slices) {
      if (slice.shard !== shard) continue;
      requests += slice.requests;
      seconds += slice.seconds;
      if (!expected.has(sliceId(instance, slice.port))) continue;
      ofExpected += slice.requests;
      reported += 1;
    }
  }
  const missing = expected.size - reported;
  if (missing > 0 && (!waited || reported < ENOUGH * expected.size)) return undefined;
  const scaled = requests + (missing > 0 ? (missing * ofExpected) / reported : 0);
  const mean = (what: 'cpu' | 'memory') => reports.reduce((sum, one) => sum + one[what], 0) / reports.length;
  return {
    time,
    load: scaled / MINUTE,
    utilization: Math.max(mean('cpu'), mean('memory')),
    ...(requests > 0 && { latency: seconds / requests }),
  };
}

/** Each report for each shard that its instance served. */
export function reportsByShard(reports: readonly Report[]): ReadonlyMap<string, readonly Report[]> {
  const byShard = new Map<string, Report[]>();
  for (const report of reports) {
    for (const shard of new Set(report.slices.map((slice) => slice.shard))) {
      const list = byShard.get(shard);
      if (list === undefined) byShard.set(shard, [report]);
      else list.push(report);
    }
  }
  return byShard;
}

/** The slices that serve each shard. */
export function servingSlices(slices: readonly StoredSlice[]): ReadonlyMap<string, readonly StoredSlice[]> {
  const serving = new Map<string, StoredSlice[]>();
  for (const slice of slices) {
    if (slice.placement.kind !== 'active') continue;
    const list = serving.get(slice.placement.shard);
    if (list === undefined) serving.set(slice.placement.shard, [slice]);
    else list.push(slice);
  }
  return serving;
}
