import { planningHorizons } from '../core/capacity/horizons.ts';
import { attempt, type Failure } from '../core/failure.ts';
import { aged } from '../core/forecast/aged.ts';
import type { Forecast } from '../core/forecast/forecast.ts';
import type { Settings } from '../core/settings/schema.ts';
import { MINUTE, type Seconds } from '../core/time.ts';
import { layoutsOf } from '../core/vm/layout.ts';
import type { StoredVm } from '../core/vm/store.ts';
import { brakes, type RecordedMove } from './brake.ts';
import type { MinuteParts, Remembered, Service } from './minute-parts.ts';
import { type Reconciled, reconcile } from './reconcile.ts';
import { keepReserves, readReserves } from './reserves.ts';
import { readRiskInputs, rememberRisk } from './risk.ts';
import { keepSlots } from './slots.ts';
import { type Given, modesOf, type Switched } from './snapshot.ts';
import { type TickResult, tick } from './tick.ts';
import { settleVms } from './vm-settle.ts';

/** What a round has got to. Only with a `tick` has a plan been made. */
export interface Round {
  readonly at: Seconds;
  /** Nothing failed but single effects, which the next round makes up for. */
  good: boolean;
  readonly failures: Failure[];
  known?: Known;
  reconciled?: Reconciled;
  tick?: TickResult;
  /** Moves of late, by how they ended; undefined where they could not be read. */
  moves?: readonly RecordedMove[];
}

/** What a round knows before it looks at the service. */
interface Known {
  readonly settings: Settings;
  readonly etag: string;
  readonly switched: Switched;
  readonly vms: readonly StoredVm[];
  readonly before: Remembered;
  readonly last?: Awaited<ReturnType<MinuteParts['records']['latestPlan']>>;
}

/** Reconciliation gets this part of the time; what it has not looked at comes next minute. */
const RECONCILE_SHARE = 0.4;

/**
 * One round of the tick: settings and modes; what was measured into the record; the fleet's loose ends and drift; the
 * plan and its effects. A part that fails is a value, and the others go on: without forecasts nothing shrinks, without
 * measurements nothing reacts. Only without settings, modes or VM shards, or where fleet or placements cannot be read, is
 * no plan made: then it is not known what may be touched.
 * @param stopAt nothing is begun from then on
 */
export async function runRound(parts: MinuteParts, stopAt: Seconds): Promise<Round> {
  const round: Round = { at: parts.clock.now(), good: true, failures: [] };
  const run = <T>(what: string, work: () => Promise<T>, by = stopAt) => stage(parts, round, what, work, by);
  const known = await run('read settings, modes and VM shards', () => readKnown(parts));
  if (known === undefined) return round;
  round.known = known;
  const { settings, etag, switched, vms, before } = known;
  const layouts = layoutsOf(vms);
  const service = parts.service(settings);
  const { ports, fleet } = service;
  // A fleet whose shards are all in shadow is not touched, by anybody.
  const untouched = [...modesOf(settings, switched).values()].every((mode) => mode === 'shadow');
  const names = settings.shards.map(({ name }) => name);
  const [measured, forecasts, last, risk, reserves] = await Promise.all([
    run('measure the load', () => ports.metrics.measured(names)),
    run('read the forecasts', () => parts.forecasts.read()),
    run('read the last plan', () => parts.records.latestPlan()),
    run('read what the risk is made of', () => readRiskInputs(service.ports, parts.risk, settings)),
    run('read what is reserved for', () => readReserves(parts.reserves, settings, round.at)),
    readMoves(parts, round, known),
    untouched ? undefined : putRight(service, round, settings, { ...switched, layouts, stopAt }, run),
  ]);
  round.known = { ...known, last };
  const openRequests = (await run('read open requests', () => fleet.openRequests())) ?? [];
  const seen = seenNow(forecasts ?? new Map(), parts.clock.now(), settings);
  const given = {
    ...switched,
    layouts,
    openRequests,
    measured: measured ?? [],
    stopAt,
    started: round.moves ?? [],
    brakes: brakes(round.moves ?? []),
    ...(risk && { risk }),
    ...(reserves && { reserves }),
  };
  // Before the plan: what has taken state over is in its shard then.
  if (!untouched)
    await run('keep the slots', async () => {
      round.failures.push(...(await keepSlots(ports, settings, switched, stopAt)).failures);
    });
  const made = await run('plan', () => tick(ports, settings, parts.planner, seen, given));
  if (made !== undefined) round.tick = made;
  round.failures.push(...(made?.failures ?? []));
  const { warm, activate } = settings.fleet.leadTimes;
  const ahead = warm.seconds + activate.seconds;
  await Promise.all([
    made && run('record the plan', () => parts.records.planned({ ...made, forecasts: seen, ahead })),
    made && risk && rememberRisk(parts.risk, made.snapshot.instances, risk, made.snapshot.at, round.failures),
    made && !untouched
      ? run('keep the reserves', () => keepReserves(ports, made.plan, made.snapshot, round.failures, layouts))
      : undefined,
    run('record the load', async () => {
      for (const [minute, loads] of service.newLoads()) await parts.loads.write(minute, loads);
    }),
    made && !untouched && vms.length > 0
      ? run('settle the VM shards', () => settle(parts, round))
      : undefined,
    untouched ? undefined : run('start the target poller', () => parts.start.pollTargets()),
    areRoutesDue(before, etag, round.at)
      ? run('start route-sync', async () => {
          await parts.start.routeSync();
          await parts.memory.write({ routesAsked: { etag, at: round.at } });
        })
      : undefined,
  ]);
  return round;
}

/** VM shards are brought on, by what the tick has seen of the fleet. */
async function settle({ vms, service }: MinuteParts, { known, tick, failures }: Round): Promise<void> {
  if (known === undefined || tick === undefined) return;
  const { settings, switched } = known;
  const { ports } = service(settings);
  const modes = modesOf(settings, switched);
  const mayTouch = (shard: string) => (modes.get(shard) ?? 'shadow') !== 'shadow';
  const given = { instances: tick.snapshot.instances, risks: tick.snapshot.risks ?? [], mayTouch };
  failures.push(...(await settleVms({ ports, vms, settings }, known.vms, given)));
}

/** A plan is as good without them. */
async function readMoves({ records }: MinuteParts, round: Round, known: Known): Promise<void> {
  await attempt(round.failures, 'read the moves', async () => {
    round.moves = await records.moves(spanOf(known, round.at));
  });
}

/** Moves are told from so far back. */
const MOVES_BACK: Seconds = 30 * MINUTE;

/** As far back as a move may have been planned that ends now, its way back included (move-input.ts). */
function spanOf({ settings, before }: Known, at: Seconds): { readonly from: Seconds; readonly to: Seconds } {
  const { drain, activate } = settings.fleet.leadTimes;
  const longest = 4 * (drain.seconds + activate.seconds) + 5 * MINUTE;
  return { from: Math.min(at - MOVES_BACK, (before.countedAt ?? at) - longest), to: at };
}

async function readKnown({ settings, modes, vms, memory }: MinuteParts): Promise<Known> {
  const [read, switched, divided, before] = await Promise.all([
    settings.read(),
    modes.read(),
    vms.list(),
    memory.read(),
  ]);
  return { settings: read.settings, etag: read.etag, switched, vms: divided, before };
}

type Run = <T>(what: string, work: () => Promise<T>, by?: Seconds) => Promise<T | undefined>;

/** One part of a round. A round of which a part fails, or has no time left, is not a good one. */
async function stage<T>(
  { clock }: MinuteParts,
  round: Round,
  what: string,
  work: () => Promise<T>,
  by: Seconds,
): Promise<T | undefined> {
  let result: T | undefined;
  const done = await attempt(round.failures, what, async () => {
    if (clock.now() >= by) throw new OutOfTime('no time is left in this tick');
    result = await work();
  });
  round.good &&= done;
  return result;
}

class OutOfTime extends Error {
  override readonly name = 'OutOfTime';
}

/** The fleet carries on what it has begun, and store and fleet are brought in line. */
async function putRight(
  { ports, health, fleet }: Service,
  round: Round,
  settings: Settings,
  given: Given & { readonly stopAt: Seconds },
  run: Run,
): Promise<void> {
  const { clock, loadBalancer } = ports;
  await run('settle the fleet', async () => {
    round.failures.push(...(await fleet.settle()));
  });
  const by = round.at + RECONCILE_SHARE * (given.stopAt - round.at);
  const withHealth = health && {
    ...ports,
    loadBalancer: {
      register: (shard: string, slice: string) => loadBalancer.register(shard, slice),
      deregister: (shard: string, slice: string) => loadBalancer.deregister(shard, slice),
      health,
    },
  };
  await run('reconcile', async () => {
    const work = reconcile(withHealth ?? ports, settings, { ...given, stopAt: by });
    // A host that does not answer may take a minute, and the plan must not wait for it. What goes on meanwhile is
    // held, so that the plan leaves it alone.
    const late = clock.sleepUntil(by).then(() => undefined);
    const done = await Promise.race([work, late]);
    if (done === undefined) {
      work.catch(() => {});
      throw new OutOfTime('not done in its part of the tick; the next one goes on');
    }
    round.reconciled = done;
    round.failures.push(...done.failures);
  });
}

/** The forecasts as they look from `now`, at the horizons of the planner. */
function seenNow(
  forecasts: ReadonlyMap<string, Forecast>,
  now: Seconds,
  settings: Settings,
): Map<string, Forecast> {
  const horizons = planningHorizons(settings);
  return new Map(
    Array.from(forecasts, ([shard, one]) => [shard, { ...aged(one, now, horizons), madeAt: one.at }]),
  );
}

/** Seconds after which route-sync is started again for the same settings, if it has not got through. */
const ROUTES_AGAIN: Seconds = 5 * MINUTE;

function areRoutesDue({ routesEtag, routesAsked }: Remembered, etag: string, at: Seconds): boolean {
  return routesEtag !== etag && (routesAsked?.etag !== etag || at - routesAsked.at >= ROUTES_AGAIN);
}
