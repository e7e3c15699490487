import type { LoadPoint } from '../../core/forecast/forecast.ts';
import { formatStamp, parseStamp } from '../../core/settings/stamp.ts';
import { DAY, MINUTE, type Seconds } from '../../core/time.ts';
import { type Item, loadKey, type Table } from './table.ts';

/** How long a minute is kept; older load comes from CloudWatch, which keeps minutes for 15 days. */
export const KEPT: Seconds = 16 * DAY;
/** Below DynamoDB's 400 KB with room for what its accounting adds. */
const MOST_BYTES = 350_000;
/** Of a load in half width; of the blank between two names. */
const WIDTH = 4;
const BLANK = 1;
const MOST_LOAD = 3.4e38;
/** Ends the sort key of the second part of a minute and those after it: `2026-11-21T16:05:00Z#1`. */
const PART = '#';

/**
 * One stored minute of load, possibly one of several parts of it. Two values rather than a map: weeks of minutes of
 * many shards are read at once when forecasters begin anew.
 */
interface LoadItem extends Item {
  /** Names, with blanks between them, in their order. */
  readonly shards: string;
  /** Float32, little-endian, one for each name. */
  readonly loads: Uint8Array;
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
    for (const item of known)
      for (const [shard, load] of entriesOf(item as LoadItem)) merged.set(shard, load);
    for (const [shard, load] of loads) merged.set(shard, load);
    for (const part of partsOf(stamp, merged)) await this.#table.put(part);
  }

  /**
   * Points with `from < time ≤ to` of each shard that has any, ascending.
   * @param only the shards that are wanted. @default all
   */
  async read(
    from: Seconds,
    to: Seconds,
    only?: readonly string[],
  ): Promise<ReadonlyMap<string, readonly LoadPoint[]>> {
    const points = new Map<string, LoadPoint[]>();
    const wanted = only && new Set(only);
    const first = Math.floor(from / MINUTE) * MINUTE + MINUTE;
    for (let day = Math.floor(first / DAY) * DAY; day <= to; day += DAY) {
      const until = formatStamp(Math.min(to, day + DAY - 1));
      const range = { from: formatStamp(Math.max(first, day)), to: `${until}${PART}~` };
      for (const item of await this.#table.query(loadKey(formatStamp(day)), range)) {
        const time = parseStamp(item.sk.split(PART)[0]!)!;
        for (const [shard, load] of entriesOf(item as LoadItem, wanted)) {
          const list = points.get(shard);
          if (list === undefined) points.set(shard, [{ time, load }]);
          else if (list.at(-1)!.time < time) list.push({ time, load });
        }
      }
    }
    return points;
  }
}

function* entriesOf(
  { shards, loads }: LoadItem,
  wanted?: ReadonlySet<string>,
): Generator<readonly [shard: string, load: number]> {
  // A copy: what comes over the wire may begin anywhere.
  const values = new Float32Array(loads.slice().buffer);
  for (const [i, shard] of shards.split(' ').entries())
    if (wanted === undefined || wanted.has(shard)) yield [shard, values[i]!];
}

/** Shards in the order of their names, so that the same loads are always cut the same way. */
function partsOf(stamp: string, loads: ReadonlyMap<string, number>): LoadItem[] {
  const parts: string[][] = [];
  let room = 0;
  for (const shard of [...loads.keys()].sort()) {
    const bytes = shard.length + BLANK + WIDTH;
    if (bytes > room) {
      parts.push([]);
      room = MOST_BYTES;
    }
    room -= bytes;
    parts.at(-1)!.push(shard);
  }
  const ttl = parseStamp(stamp)! + KEPT;
  return parts.map((shards, i) => ({
    pk: loadKey(stamp),
    sk: i === 0 ? stamp : `${stamp}${PART}${i}`,
    shards: shards.join(' '),
    loads: new Uint8Array(
      Float32Array.from(shards, (shard) => Math.min(MOST_LOAD, loads.get(shard)!)).buffer,
    ),
    ttl,
  }));
}
