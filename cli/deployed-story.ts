import type { InstanceItem } from '../adapters/aws/fleet-instance.ts';
import { LoadRecords } from '../adapters/aws/load-records.ts';
import { Records } from '../adapters/aws/records.ts';
import { DynamoStore } from '../adapters/aws/store.ts';
import { PK } from '../adapters/aws/table.ts';
import type { Story, ToldInterruption, ToldMove } from '../backtest/report/story.ts';
import type { StoredSlice } from '../core/ports.ts';
import { ownerOf } from '../core/shards/placement.ts';
import { parseSliceId } from '../core/shards/slice.ts';
import { DAY, HOUR, MINUTE, type Seconds } from '../core/time.ts';
import type { Deployed } from './deployed.ts';

/** How far back records of moves go, and how far around a time is looked for the nearest ones. */
const KEPT: Seconds = 30 * DAY;
const MOVES: Seconds = DAY;
/** Plans are large and each minute has one: actions of the fleet are looked for so far around. */
const PLANS: Seconds = HOUR;

/** What the records of a deployed service say around a time. Lead times longer than an hour have no forecast here. */
export async function deployedStory(deployed: Deployed, at: Seconds): Promise<Story> {
  const { table, clock } = deployed;
  const now = clock.now();
  const records = new Records(table);
  const [{ settings }, plans, moves, loads, slices, instances] = await Promise.all([
    deployed.settings.read(),
    records.plans({ from: at - PLANS, to: at + PLANS }),
    records.moves({ from: at - MOVES, to: at + MOVES }),
    new LoadRecords(table).read(at - 2 * MINUTE, at),
    new DynamoStore(table, clock).slices(),
    table.query(PK.instance),
  ]);
  return {
    name: 'the records',
    read: 'the records of a day before and after',
    start: now - KEPT,
    end: now + MINUTE,
    step: MINUTE,
    shards: settings.shards.map(({ name, capacity }) => ({ name, unit: capacity.unit })),
    moves: moves.map((move): ToldMove => ({ ...move, outcome: move.outcome ?? 'under-way' })),
    actions: plans.flatMap((plan) => plan.actions.map((action) => ({ at: plan.at, action }))),
    interruptions: instances.flatMap((item) => interruptionOf(item as InstanceItem, slices) ?? []),
    stateOf: (shard) => {
      const load = loads.get(shard)?.findLast(({ time }) => time <= at)?.load;
      const plan = plans.findLast((one) => one.at <= at);
      const of = (one: typeof plan) => one?.shards.find(({ shard: name }) => name === shard);
      const { have: capacity, want, mode, reason, unusual } = of(plan) ?? {};
      const {
        band: forecast,
        method,
        moved,
      } = of(plans.findLast((one) => one.at <= at - (one.ahead ?? 0))) ?? {};
      return {
        ...(load !== undefined && { load }),
        ...(capacity !== undefined && { capacity }),
        ...(forecast !== undefined && { forecast }),
        said: {
          ...(method !== undefined && { method }),
          ...(moved !== undefined && { moved }),
          ...(unusual !== undefined && { unusual }),
        },
        ...(mode === 'shadow' && want !== undefined && { inShadow: { want, ...(reason && { reason }) } }),
      };
    },
  };
}

/** Of an instance that is still known: its item goes with it. */
function interruptionOf(item: InstanceItem, slices: readonly StoredSlice[]): ToldInterruption | undefined {
  const { sk: instance, rebalanceAt, noticeAt, deadline } = item;
  if (noticeAt === undefined || deadline === undefined) return undefined;
  const served = slices
    .filter(({ slice }) => parseSliceId(slice).instance === instance)
    .flatMap(({ placement }) => ownerOf(placement) ?? []);
  return {
    instance,
    noticeAt,
    goneAt: deadline,
    shards: [...new Set(served)],
    ...(rebalanceAt !== undefined && { rebalanceAt }),
  };
}
