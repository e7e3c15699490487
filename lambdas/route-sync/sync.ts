import { readRoutes, writeRoute } from '../../adapters/aws/route-items.ts';
import { Routes } from '../../adapters/aws/routes.ts';
import { patience } from '../../adapters/aws/routes-patience.ts';
import { readElb } from '../../adapters/aws/routes-read.ts';
import { DynamoStore } from '../../adapters/aws/store.ts';
import { event } from '../../core/events/event.ts';
import { attempt, type Failure } from '../../core/failure.ts';
import { diffRoutes, isChange, type Waiting } from '../../core/routes/diff.ts';
import type { Balancer, SeenRoutes } from '../../core/routes/seen.ts';
import type { Settings } from '../../core/settings/schema.ts';
import type { Seconds } from '../../core/time.ts';
import { carryOut, removeGone } from './carry-out.ts';
import { readState, writeState } from './state.ts';
import type { SyncParts } from './wiring.ts';

export interface Synced {
  /** `partial`: run it again; what failed or waits is in the other fields. `busy`: another run is at it. */
  readonly outcome: 'done' | 'partial' | 'busy';
  readonly created: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
  readonly failed: readonly { readonly shard: string; readonly error: string }[];
  readonly waiting: readonly Waiting[];
  /** Shards that there was no time for. */
  readonly left: number;
}

export interface SyncInput {
  readonly service: string;
  readonly vpc: string;
  readonly balancers: readonly Balancer[];
  /** No call is begun after this. */
  readonly stopAt: Seconds;
}

const NOTHING = { created: [], changed: [], removed: [], failed: [], waiting: [], left: 0 };

/** The lease of a run that was killed ends so soon (s). */
const LEASE: Seconds = 120;

/** Shards that are worked on at once: more would only be throttled. */
const AT_ONCE = 4;

/**
 * Brings target groups, listener rules and `route` items in line with the settings. Each shard stands alone: what
 * fails is in the result, and the next run finds it. A run that is killed leaves tagged groups and rules, which the
 * next one takes up.
 * @throws what reading throws; nothing was touched then
 */
export async function sync(parts: SyncParts, input: SyncInput): Promise<Synced> {
  const { table, leases, clock } = parts;
  const holder = `${input.service}/${clock.now()}/${parts.run}`;
  const take = () => leases.take('route-sync', holder, clock.now() + LEASE, clock.now());
  if (!(await take())) return { ...NOTHING, outcome: 'busy' };
  try {
    const { settings, etag } = await parts.settings.read();
    const result = await syncRoutes(parts, input, settings, take);
    await report(parts, etag, result);
    return result;
  } finally {
    await leases.release('route-sync', holder);
  }
  /** The event is for changes, and for failures that were not there before; a run that finds all well says nothing. */
  async function report({ events }: SyncParts, etag: string, result: Synced): Promise<void> {
    const { created, changed, removed, failed, waiting, left } = result;
    const before = await readState(table);
    const now = clock.now();
    await writeState(table, {
      at: now,
      ...(result.outcome === 'done' ? { etag } : {}),
      seen: etag,
      failed,
      waiting,
      left,
    });
    const news = created.length + changed.length + removed.length > 0;
    if (!news && JSON.stringify(before?.failed ?? []) === JSON.stringify(failed)) return;
    await events.publish([event('RoutesSynced', now, { etag, created, changed, removed, failed })]);
  }
}

async function syncRoutes(
  parts: SyncParts,
  input: SyncInput,
  settings: Settings,
  renew: () => Promise<boolean>,
): Promise<Synced> {
  const { elb, table, clock } = parts;
  const calm = patience(clock, input.stopAt);
  const seen = await look(parts, input, settings);
  const diff = diffRoutes(settings, input.balancers, seen);
  const routes = new Routes(elb, calm, input.service, input.vpc);
  const known = new Map(seen.known.map((one) => [one.shard, one]));

  const failures: (Failure & { shard: string })[] = [];
  const created: string[] = [];
  const changed: string[] = [];
  const removed: string[] = [];
  let left = 0;
  const jobs: { readonly shard: string; readonly work: () => Promise<void> }[] = [
    // What goes first makes room for what comes.
    ...diff.gone.map((gone) => ({
      shard: gone.shard,
      work: async () => {
        await removeGone(routes, table, gone);
        if (gone.forget && gone.deleteGroup !== undefined) removed.push(gone.shard);
        else if (gone.deleteRules.length > 0) changed.push(gone.shard);
      },
    })),
    ...diff.wanted.map((wanted) => ({
      shard: wanted.shard,
      work: async () => {
        const before = known.get(wanted.shard);
        await carryOut(routes, (item) => writeRoute(table, item), wanted, before);
        if (wanted.createGroup !== undefined || wanted.createRule !== undefined || before === undefined)
          created.push(wanted.shard);
        else if (isChange(wanted)) changed.push(wanted.shard);
      },
    })),
  ];
  let renewAt = clock.now() + LEASE / 3;
  const worker = async () => {
    for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
      const { shard, work } = job;
      if (clock.now() >= renewAt) {
        renewAt = clock.now() + LEASE / 3;
        // Lost to another run after a very long wait: both do the same, and no harm.
        await renew();
      }
      if (clock.now() >= input.stopAt) left++;
      else {
        const own: Failure[] = [];
        await attempt(own, shard, work);
        for (const one of own) {
          if (one.error.startsWith('OutOfTime')) left++;
          else failures.push({ ...one, shard });
        }
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));

  const failed = [...diff.refused, ...failures.map(({ shard, error }) => ({ shard, error }))];
  failed.sort((a, b) => (a.shard < b.shard ? -1 : 1));
  // What waits for a switch of modes counts too: nobody starts a run for that, so `plan` asks again now and then.
  const unfinished = failed.length + left + diff.waiting.length;
  return {
    outcome: unfinished === 0 ? 'done' : 'partial',
    created: created.sort(),
    changed: changed.sort(),
    removed: removed.sort(),
    failed,
    waiting: diff.waiting,
    left,
  };
}

/** Reads the world once. */
async function look(parts: SyncParts, input: SyncInput, settings: Settings): Promise<SeenRoutes> {
  const { elb, table, modes, clock } = parts;
  const [known, stored, switched] = await Promise.all([
    readRoutes(table),
    new DynamoStore(table, clock).slices(),
    modes.read(),
  ]);
  const slices = new Map<string, number>();
  for (const { placement } of stored) {
    if (placement.kind === 'ready') continue;
    const shards = new Set([placement.shard, placement.kind === 'draining' ? placement.to : undefined]);
    for (const shard of shards) if (shard !== undefined) slices.set(shard, (slices.get(shard) ?? 0) + 1);
  }
  const calm = patience(clock, input.stopAt);
  const listeners = input.balancers.map(({ listener }) => listener);
  const { groups, rules } = await readElb(elb, calm, input.service, listeners, known);
  const shadow = new Set(
    settings.shards.flatMap(({ name, mode }) => ((switched.modes[name] ?? mode) === 'shadow' ? [name] : [])),
  );
  return { groups, rules, known, slices, shadow };
}
