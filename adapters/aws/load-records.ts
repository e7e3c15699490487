import type { LoadPoint } from '../../core/forecast/forecast.ts';
import { formatStamp, parseStamp } from '../../core/settings/stamp.ts';
import { DAY, MINUTE, type Seconds } from '../../core/time.ts';
import { type Item, loadKey, type Table } from './table.ts';

/** How long a minute is kept; older load comes from CloudWatch, which keeps minutes for 15 days. */
export const KEPT: Seconds = 16 * DAY;
/** Below DynamoDB's 400 KB with room for what its accounting adds. */
const MOST_BYTES = 350_000;
/** Of a number with {@link DIGITS} digits, its attribute and the map's own entry. */
const BYTES_PER_LOAD = 16;
/** Significant digits of a load: the forecaster keeps no more of a season. */
const DIGITS = 7;
/** Ends the sort key of the second part of a minute and those after it: `2026-11-21T16:05:00Z#1`. */
const PART = '#';

/** One stored minute of load, possibly one of several parts of it. */
interface LoadItem extends Item {
  readonly loads: Readonly<Record<string, number>>;
  readonly ttl: Seconds;
}

/**
 * What the load of each shard was, minute by minute: what the planner measured anyway is kept here, so that forecasts
 * and charts ask CloudWatch for nothing twice. One item a minute; several where there are very many shards.
 */
export class LoadRecords {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /**
   * Adds the loads of one minute to what is there of it: a shard whose metrics come late is added later.
   * One writer at a time (the holder of the lease `plan`); a repeat changes nothing.
   * @param minute when it begins (epoch seconds)
   */
  async write(minute: Seconds, loads: ReadonlyMap<string, number>): Promise<void> {
    if (loads.size === 0) return;
    const stamp = formatStamp(minute);
    const [first, ...more] = partsOf(stamp, loads);
    // Nearly always nothing is there yet, and one write is all.
    if (more.length === 0 && (await this.#table.put(first!, { pk: { absent: true } }))) return;
    const known = await this.#table.query(loadKey(stamp), { from: stamp, to: `${stamp}${PART}~` });
    const merged = new Map<string, number>();
    for (const item of known) addTo(merged, item as LoadItem);
    for (const [shard, load] of loads) merged.set(shard, load);
    for (const part of partsOf(stamp, merged)) await this.#table.put(part);
  }

  /** Points with `from < time ≤ to` of each shard that has any, ascending. */
  async read(from: Seconds, to: Seconds): Promise<ReadonlyMap<string, readonly LoadPoint[]>> {
    const points = new Map<string, LoadPoint[]>();
    const first = Math.floor(from / MINUTE) * MINUTE + MINUTE;
    for (let day = Math.floor(first / DAY) * DAY; day <= to; day += DAY) {
      const range = {
        from: formatStamp(Math.max(first, day)),
        to: `${formatStamp(Math.min(to, day + DAY - 1))}${PART}~`,
      };
      for (const item of await this.#table.query(loadKey(formatStamp(day)), range)) {
        const time = parseStamp(item.sk.split(PART)[0]!)!;
        for (const [shard, load] of Object.entries((item as LoadItem).loads)) {
          const list = points.get(shard);
          if (list === undefined) points.set(shard, [{ time, load }]);
          else if (list.at(-1)!.time < time) list.push({ time, load });
        }
      }
    }
    return points;
  }
}

function addTo(loads: Map<string, number>, { loads: more }: LoadItem): void {
  for (const [shard, load] of Object.entries(more)) loads.set(shard, load);
}

/** Shards in the order of their names, so that the same loads are always cut the same way. */
function partsOf(stamp: string, loads: ReadonlyMap<string, number>): LoadItem[] {
  const parts: Record<string, number>[] = [];
  let room = 0;
  for (const shard of [...loads.keys()].sort()) {
    const bytes = shard.length + BYTES_PER_LOAD;
    if (bytes > room) {
      parts.push({});
      room = MOST_BYTES;
    }
    room -= bytes;
    parts.at(-1)![shard] = Number(loads.get(shard)!.toPrecision(DIGITS));
  }
  const ttl = parseStamp(stamp)! + KEPT;
  return parts.map((part, i) => ({
    pk: loadKey(stamp),
    sk: i === 0 ? stamp : `${stamp}${PART}${i}`,
    loads: part,
    ttl,
  }));
}
