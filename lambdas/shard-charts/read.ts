import { LoadRecords } from '../../adapters/aws/load-records.ts';
import { type PlanRecord, unpackPlan } from '../../adapters/aws/plan-record.ts';
import { DynamoStore } from '../../adapters/aws/store.ts';
import { PK, type Table } from '../../adapters/aws/table.ts';
import type { LoadPoint } from '../../core/forecast/forecast.ts';
import { formatStamp } from '../../core/settings/stamp.ts';
import type { PlacementKind } from '../../core/shards/placement.ts';
import { HOUR, type Seconds } from '../../core/time.ts';

/** What the table knows of a time range. */
export interface Read {
  readonly load: ReadonlyMap<string, readonly LoadPoint[]>;
  /** Ascending. */
  readonly plans: readonly PlanRecord[];
  /** Slices by shard and placement; `''` for those of no shard. */
  readonly slices: ReadonlyMap<string, Partial<Record<PlacementKind, number>>>;
  readonly holds: number;
}

/** As many plans as a picture can show. */
const PLANS = 120;
const AT_ONCE = 16;

/** Read only. A plan is made each minute: of a long range every so many minutes the newest one is read. */
export async function readCharts(table: Table, from: Seconds, to: Seconds, now: Seconds): Promise<Read> {
  const [load, plans, stored] = await Promise.all([
    new LoadRecords(table).read(from, to),
    readPlans(table, from, to),
    new DynamoStore(table, { now: () => now }).slices(),
  ]);
  const slices = new Map<string, Partial<Record<PlacementKind, number>>>();
  let holds = 0;
  for (const { placement, holder, holderExpires } of stored) {
    const shard = placement.kind === 'ready' ? '' : placement.shard;
    const counts = slices.get(shard) ?? {};
    counts[placement.kind] = (counts[placement.kind] ?? 0) + 1;
    slices.set(shard, counts);
    if (holder !== undefined && (holderExpires ?? 0) > now) holds++;
  }
  return { load, plans, slices, holds };
}

async function readPlans(table: Table, from: Seconds, to: Seconds): Promise<PlanRecord[]> {
  if (to - from <= 2 * HOUR) {
    const items = await table.query(PK.plan, { from: formatStamp(from), to: formatStamp(to) });
    return items.map(({ plan }) => unpackPlan(plan));
  }
  const step = (to - from) / PLANS;
  const found: (PlanRecord | undefined)[] = [];
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < PLANS; i = next++) {
      const [begin, end] = [from + i * step, from + (i + 1) * step - 1];
      const range = { from: formatStamp(begin), to: formatStamp(end), newest: 1 };
      const [item] = await table.query(PK.plan, range);
      found[i] = item && unpackPlan(item.plan);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return found.filter((plan) => plan !== undefined);
}
