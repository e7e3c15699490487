import type { KeptReserve, Plan, Refusal, Snapshot } from '../core/capacity/plan.ts';
import { attempt, type Failure } from '../core/failure.ts';
import type { ReserveRequest } from '../core/interruption/risk.ts';
import type { Ports } from '../core/ports.ts';
import type { Settings } from '../core/settings/schema.ts';
import { slicesOf } from '../core/shards/instance.ts';
import type { Layouts } from '../core/shards/slice.ts';
import type { Seconds } from '../core/time.ts';
import { inTurn } from './in-turn.ts';

/** What the plan has to know about reserves besides the fleet. */
export interface ReserveMemory {
  /** Those that were asked for and have not ended. */
  requests(now: Seconds): Promise<readonly ReserveRequest[]>;
  /** Zones that had no capacity of late. */
  refusals(now: Seconds): Promise<readonly Refusal[]>;
  /** Slice at risk → its reserve, as the agents have been told. */
  orders(): Promise<Readonly<Record<string, string>>>;
  /** Slice → target of its hand-over, of those that are under way. */
  handingOver(): Promise<Readonly<Record<string, string>>>;
}

export type KnownReserves = Pick<Snapshot, 'reserveRequests' | 'refusals' | 'reserveFor' | 'handingOver'>;

/** A service without state has nothing to reserve for, and is not asked for it. */
export async function readReserves(
  memory: ReserveMemory,
  { fleet, shards }: Settings,
  now: Seconds,
): Promise<KnownReserves> {
  // Where reserves were switched off, the orders that agents were given are still to be taken back.
  if (fleet.reserves.max === 0)
    return shards.some(({ handOver }) => handOver.state === 'copy')
      ? { reserveFor: await memory.orders() }
      : {};
  const [reserveRequests, refusals, reserveFor, handingOver] = await Promise.all([
    memory.requests(now),
    memory.refusals(now),
    memory.orders(),
    memory.handingOver(),
  ]);
  return { reserveRequests, refusals, reserveFor, handingOver };
}

/** Seconds for which a reserve is held while its placement is written anew; it needs a fraction of that. */
const HOLD: Seconds = 30;
const AT_ONCE = 20;

/**
 * What a plan wants of reserves besides moves: agents are told which reserve their slices have, and reservations that
 * stay are prolonged or held for others. Only what changes is written; what fails is noted, and comes again.
 */
export async function keepReserves(
  ports: Pick<Ports, 'agents' | 'store' | 'clock'>,
  { reserves = [], reserveFor = {} }: Plan,
  snapshot: Snapshot,
  failures: Failure[],
  layouts?: Layouts,
): Promise<void> {
  const changed = reserves.filter((one) => one.changed);
  await inTurn(changed, AT_ONCE, async (kept) => {
    await attempt(failures, `keep the reserve ${kept.slice}`, () => prolong(ports, kept));
  });
  await inTurn(changedOrders(reserveFor, snapshot, layouts), AT_ONCE, async ([slice, reserve]) => {
    await attempt(failures, `order the reserve of ${slice}`, () => ports.agents.order(slice, { reserve }));
  });
}

/** New orders, and those to be taken back, of slices that are still there. VM shards have twins instead (vm-carry.ts). */
function changedOrders(
  wanted: Readonly<Record<string, string>>,
  { reserveFor: before = {}, instances }: Snapshot,
  layouts?: Layouts,
): [slice: string, reserve: string | null][] {
  const whole = instances.filter(({ id }) => !layouts?.has(id));
  const there = new Set(whole.flatMap((one) => slicesOf(one).map(({ id }) => id)));
  const slices = new Set([...Object.keys(wanted), ...Object.keys(before)]);
  return [...slices].flatMap((slice): [string, string | null][] =>
    there.has(slice) && wanted[slice] !== before[slice] ? [[slice, wanted[slice] ?? null]] : [],
  );
}

/** Somebody else may have it by now: a hand-over, or a move. Then it is not a reserve any more. */
async function prolong({ store, clock }: Pick<Ports, 'store' | 'clock'>, kept: KeptReserve): Promise<void> {
  const { slice, shard, also, until } = kept;
  const seen = await store.get(slice);
  if (seen?.placement.kind !== 'reserved') return;
  const holder = `reserve/${slice}/${clock.now()}`;
  if (!(await store.claim(slice, seen.version, holder, clock.now() + HOLD)).ok) return;
  const { since } = seen.placement;
  // A reservation never changes: it is given up and made anew, by a holder whom nobody comes between.
  await store.put(slice, holder, { kind: 'ready', since });
  const others = also.length > 0 ? { also } : {};
  await store.put(slice, holder, { kind: 'reserved', since, shard, ...others, until });
  await store.release(slice, holder);
}
