import type { FleetAction, Move, Plan, Snapshot } from '../core/capacity/plan.ts';
import { attempt, type Failure } from '../core/failure.ts';
import type { Forecast } from '../core/forecast/forecast.ts';
import type { Ports, StoredSlice } from '../core/ports.ts';
import type { Mode, Settings } from '../core/settings/schema.ts';
import { slicesOf } from '../core/shards/instance.ts';
import { parseSliceId } from '../core/shards/slice.ts';
import type { Seconds } from '../core/time.ts';
import { standbyInput } from './activate-standby.ts';
import { event } from './events.ts';
import { inTurn } from './in-turn.ts';
import { type MoveInput, moveInput } from './move-input.ts';
import { type Given, modesOf, readSnapshot, type Seen } from './snapshot.ts';

/** The pure planner, as a flow calls it. */
export type Planner = (
  snapshot: Snapshot,
  forecasts: ReadonlyMap<string, Forecast>,
  settings: Settings,
  now: Seconds,
) => Plan;

/** What one tick did. Each effect stands alone: what failed is here, and the next tick plans from what is. */
export interface TickResult {
  readonly snapshot: Snapshot;
  readonly plan: Plan;
  /** Moves whose workflow was started, with the input that it got. */
  readonly moves: readonly MoveInput[];
  readonly actions: readonly FleetAction[];
  /** What the plan asked for and the flow does not do. */
  readonly refused: readonly { readonly what: string; readonly why: string }[];
  readonly failures: readonly Failure[];
}

interface Doing {
  readonly ports: Ports;
  readonly settings: Settings;
  readonly seen: Seen;
  readonly at: Seconds;
  readonly modeOf: (shard: string) => Mode | undefined;
  readonly isOver: () => boolean;
  /** Moves that may still be started to shards where they keep failing. */
  readonly brakes: Map<string, number>;
  readonly moves: MoveInput[];
  readonly actions: FleetAction[];
  readonly refused: { what: string; why: string }[];
  readonly failures: Failure[];
}

/**
 * One tick: read the world, plan, carry out. `given`: what was switched without a deploy, and what is known already.
 * @throws what reading or planning throws; nothing was touched then.
 */
export async function tick(
  ports: Ports,
  settings: Settings,
  planner: Planner,
  forecasts: ReadonlyMap<string, Forecast>,
  given: Given = {},
): Promise<TickResult> {
  const seen = await readSnapshot(ports, settings, given);
  const { at } = seen.snapshot;
  const plan = planner(seen.snapshot, forecasts, settings, at);
  const byName = modesOf(settings, given);
  const { stopAt = Number.POSITIVE_INFINITY } = given;
  const doing: Doing = {
    ports,
    settings,
    seen,
    at,
    modeOf: (shard) => byName.get(shard),
    isOver: () => ports.clock.now() >= stopAt,
    brakes: new Map(given.brakes),
    moves: [],
    actions: [],
    refused: [],
    failures: [],
  };
  // Starting a workflow takes a round trip, and none depends on another; fleet actions are few, and in order.
  const leaving = leavingWith(plan);
  const all = new Set([...leaving.values()].flat());
  await inTurn(
    plan.moves.filter((move) => !all.has(move)),
    AT_ONCE,
    (move) => startMove(doing, move),
  );
  for (const [i, action] of plan.fleet.entries()) await apply(doing, action, `${at}/${i}`, leaving);
  // Last: whether their hosts have to clear up depends on whether the release was accepted.
  const gone = new Set(doing.actions.flatMap((one) => (one.kind === 'release' ? [one.instance] : [])));
  await inTurn([...all], AT_ONCE, (move) =>
    startMove(doing, move, gone.has(parseSliceId(move.slice).instance)),
  );

  const { moves, actions, refused, failures } = doing;
  const made = event('PlanMade', at, {
    moves: moves.length,
    actions: actions.length,
    refused: refused.length,
    failed: failures.length,
    findings: countKinds(plan),
  });
  await attempt(failures, 'publish the plan', () => ports.events.publish([made]));
  return { snapshot: seen.snapshot, plan, moves, actions, refused, failures };
}

function countKinds({ findings }: Plan): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { kind } of findings) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

/** Moves that take slices to `ready` on an instance which the same plan releases, by instance. */
function leavingWith({ moves, fleet }: Plan): ReadonlyMap<string, readonly Move[]> {
  const released = new Set(fleet.flatMap((one) => (one.kind === 'release' ? [one.instance] : [])));
  const leaving = moves.filter(
    ({ slice, to }) => to.kind === 'ready' && released.has(parseSliceId(slice).instance),
  );
  return Map.groupBy(leaving, ({ slice }) => parseSliceId(slice).instance);
}

/** @param leaves the slice's instance was released: once drained, the slice is gone with it */
async function startMove(doing: Doing, move: Move, leaves = false): Promise<void> {
  const { ports, settings, seen, at } = doing;
  const what = `move ${move.id} of ${move.slice}`;
  const why = whyNot(doing, move);
  if (why !== undefined) {
    doing.refused.push({ what, why });
    return;
  }
  if (move.to.kind === 'active') {
    const { shard } = move.to;
    const left = doing.brakes.get(shard);
    if (left !== undefined) doing.brakes.set(shard, left - 1);
  }
  const input = moveInput(move, seen.stored.get(move.slice)?.version ?? 0, at, settings, leaves);
  if (await attempt(doing.failures, what, () => ports.workflows.start('move', move.id, input)))
    doing.moves.push(input);
}

/** Why a move is not to be started; undefined where it is. */
function whyNot({ isOver, modeOf, brakes, seen }: Doing, { slice, from, to }: Move): string | undefined {
  if (isOver()) return NO_TIME;
  // The planner leaves shards in shadow alone; this is the second line of defence.
  for (const end of [from, to])
    if (end.kind !== 'ready' && (modeOf(end.shard) ?? 'shadow') === 'shadow')
      return `shard ${end.shard} is in shadow`;
  if (to.kind === 'active' && (brakes.get(to.shard) ?? 1) < 1)
    return `moves to shard ${to.shard} keep failing: one at a time until one succeeds`;
  return seen.stored.has(slice) ? undefined : 'no such slice';
}

async function apply(
  doing: Doing,
  action: FleetAction,
  key: string,
  leaving: ReadonlyMap<string, readonly Move[]>,
): Promise<void> {
  const { ports, settings, at } = doing;
  const what = describe(action);
  if (doing.isOver()) {
    doing.refused.push({ what, why: NO_TIME });
    return;
  }
  // A fleet whose shards are all in shadow is another's.
  if (settings.shards.every(({ name }) => doing.modeOf(name) === 'shadow')) {
    doing.refused.push({ what, why: 'every shard is in shadow' });
    return;
  }
  let done: boolean;
  if (action.kind === 'release') done = await release(doing, action, key, leaving.get(action.instance));
  else if (action.kind === 'wake') {
    const input = standbyInput(action, at, settings);
    done = await attempt(doing.failures, what, () =>
      ports.workflows.start('activate-standby', input.key, input),
    );
  } else done = await attempt(doing.failures, what, () => ports.fleet.apply(action, key));
  if (done) doing.actions.push(action);
}

/**
 * Releases an instance whose slices are `ready`, or go there by these moves of the plan. Ready ones are claimed first, so
 * that nobody gives them to a shard meanwhile, and forgotten once the fleet has taken the instance out.
 */
async function release(
  doing: Doing,
  action: FleetAction & { kind: 'release' },
  key: string,
  moves: readonly Move[] = [],
): Promise<boolean> {
  const { ports, seen, at } = doing;
  const what = describe(action);
  const holder = `release/${action.instance}/${at}`;
  const instance = seen.snapshot.instances.find(({ id }) => id === action.instance);
  const leaving = new Set(
    moves.filter((move) => whyNot(doing, move) === undefined).map(({ slice }) => slice),
  );
  const claimed: StoredSlice[] = [];
  let why = instance === undefined ? 'no such instance' : undefined;
  let done = false;
  await attempt(doing.failures, what, async () => {
    for (const { id, placement } of instance === undefined ? [] : slicesOf(instance)) {
      if (leaving.has(id)) continue;
      const version = seen.stored.get(id)?.version ?? 0;
      const claim =
        placement.kind === 'ready' ? await ports.store.claim(id, version, holder, at + HOLD) : undefined;
      if (claim?.ok) claimed.push(claim.slice);
      else why ??= `slice ${id} is ${claim === undefined ? placement.kind : 'held or changed'}, not ready`;
    }
    if (why !== undefined) return;
    await ports.fleet.apply(action, key);
    done = true;
  });
  if (why !== undefined) doing.refused.push({ what, why });
  for (const { slice } of claimed)
    await attempt(doing.failures, `${what}: ${slice}`, () =>
      done ? ports.store.remove(slice) : ports.store.release(slice, holder),
    );
  return done;
}

/** Workflows that are started at once: a start is one call, and calls are throttled. */
const AT_ONCE = 50;
const NO_TIME = 'no time is left in this tick';

/** Seconds for which a release holds slices; it needs a fraction of that. */
const HOLD: Seconds = 60;

function describe(action: FleetAction): string {
  if (action.kind === 'start') return `start ${action.count} × ${action.group}`;
  if (action.kind === 'stock') return `stock ${action.count}`;
  if (action.kind === 'launch') return `launch ${action.group} in ${action.zone}`;
  if (action.kind === 'release') return `release ${action.instance} to ${action.to}`;
  return `${action.kind} ${action.instance}`;
}
