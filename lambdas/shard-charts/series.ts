import type { PlanRecord, ShardRecord } from '../../adapters/aws/plan-record.ts';
import type { LoadPoint } from '../../core/forecast/forecast.ts';
import type { Settings } from '../../core/settings/schema.ts';
import type { Seconds } from '../../core/time.ts';
import type { Read } from './read.ts';

/** One shard over the range; loads and capacities in its unit. */
export interface ShardSeries {
  readonly shard: string;
  readonly unit: string;
  /** Capacity of one instance of weight 1. */
  readonly perInstance: number;
  readonly load: readonly LoadPoint[];
  /** The newest load that is recorded; the last point of `load` may stand for a higher one before it. */
  readonly newest?: LoadPoint;
  /** Capacity that served, from each plan on. */
  readonly capacity: readonly LoadPoint[];
  /** What each plan expected for the time that it could still do something about. */
  readonly band: readonly { readonly time: Seconds; readonly low: number; readonly high: number }[];
  /** As the newest plan has it. */
  readonly last?: ShardRecord;
}

/** Points in a picture that is a few hundred pixels wide. */
const POINTS = 240;

export function seriesOf(read: Read, settings: Settings): ShardSeries[] {
  const byShard = new Map<string, { plan: PlanRecord; own: ShardRecord }[]>();
  for (const plan of read.plans)
    for (const own of plan.shards) {
      const list = byShard.get(own.shard);
      if (list === undefined) byShard.set(own.shard, [{ plan, own }]);
      else list.push({ plan, own });
    }
  return settings.shards.map(({ name, capacity: { unit, perInstance } }) => {
    const plans = byShard.get(name) ?? [];
    const last = plans.at(-1)?.own;
    const points = read.load.get(name) ?? [];
    const newest = points.at(-1);
    return {
      shard: name,
      unit,
      perInstance,
      load: highest(points),
      capacity: plans.map(({ plan, own }) => ({ time: plan.at, load: own.have })),
      band: plans.flatMap(({ plan, own: { band } }) =>
        band === undefined ? [] : [{ time: plan.at + (plan.ahead ?? 0), low: band[0], high: band[2] }],
      ),
      ...(newest === undefined ? {} : { newest }),
      ...(last === undefined ? {} : { last }),
    };
  });
}

/** The ones to draw: those asked for, else those with the least room. */
export function chosen(
  series: readonly ShardSeries[],
  shards: readonly string[] | undefined,
  most: number,
): readonly ShardSeries[] {
  if (shards !== undefined) {
    const wanted = new Set(shards);
    return series.filter(({ shard }) => wanted.has(shard)).slice(0, most);
  }
  return [...series].sort((a, b) => use(b) - use(a)).slice(0, most);
}

/** Newest load over capacity; a shard with load and no capacity comes first, one without load last. */
export function use({ newest, last }: ShardSeries): number {
  const now = newest?.load ?? 0;
  if (now === 0) return 0;
  return last === undefined || last.have === 0 ? Number.POSITIVE_INFINITY : now / last.have;
}

/** So many points at most: the highest of each stretch, because peaks are what capacity is for. */
function highest(points: readonly LoadPoint[]): readonly LoadPoint[] {
  if (points.length <= POINTS) return points;
  const size = Math.ceil(points.length / POINTS);
  const out: LoadPoint[] = [];
  for (let i = 0; i < points.length; i += size)
    out.push(points.slice(i, i + size).reduce((top, one) => (one.load > top.load ? one : top)));
  return out;
}
