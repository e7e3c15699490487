import { Records } from '../../adapters/aws/records.ts';
import { unwiredPorts } from '../../adapters/aws/unwired.ts';
import type { Move } from '../../core/capacity/plan.ts';
import type { StoredSlice } from '../../core/ports.ts';
import { formatStamp } from '../../core/settings/stamp.ts';
import { MINUTE } from '../../core/time.ts';
import { moveInput } from '../../flows/move-input.ts';
import type { FunctionName } from '../../lambdas/environment.ts';
import { eventSchema } from '../../lambdas/instance-events/schemas.ts';
import { onEvent } from '../../lambdas/instance-events/work.ts';
import { Machines } from './machines.ts';
import { Stage, type StageOptions, secondsSince } from './stage.ts';
import { invoked, Usage } from './usage.ts';

export interface MoveCosts {
  /** A minute of the poller that only goes round. */
  readonly sweep: Usage;
  readonly perMove: Usage;
  /** With the event that brought the notice. */
  readonly perHandOver: Usage;
  readonly outcomes: Readonly<Record<string, number>>;
  /** Seconds that a poller ran per move, beyond its rounds. */
  readonly pollerSecondsPerMove: number;
}

/** Powertools writes that an event is being worked on, and its answer. */
const IDEMPOTENCY_WRITES = 2;
/** Of ten moves so many go each way; the rest goes from shard to shard. */
const MIX = { grow: 4, shrink: 4 };
const MINUTES = 60;

/**
 * An hour of the scenario's moves, at its rate and side by side, so that they share the poller as in production; then
 * hand-overs one by one.
 */
export async function moveCosts(
  options: StageOptions,
  movesPerDay: number,
  memory: (name: FunctionName) => number,
): Promise<MoveCosts> {
  const stage = new Stage(options);
  await stage.seed();
  const machines = new Machines(stage, memory, options.latency);

  const quiet = 16;
  for (let i = 0; i < quiet; i++) await minuteOf(stage, machines, []);
  const sweep = stage.reset().times(1 / quiet);
  const sweepSeconds = machines.pollerSeconds / quiet;

  machines.pollerSeconds = 0;
  machines.invocations = 0;
  const began = process.cpuUsage();
  let moves = 0;
  const work: Promise<unknown>[] = [];
  for (let i = 1; i <= MINUTES; i++) {
    const due = Math.round((i * movesPerDay) / 1440) - moves;
    const chosen = await choose(stage, moves, due);
    moves += chosen.length;
    work.push(...(await minuteOf(stage, machines, chosen)));
  }
  await stage.clock.settle(Promise.all(work));
  await stage.clock.runUntil(stage.clock.now() + MINUTE);
  const computed = secondsSince(began) / machines.invocations;
  const all = stage.reset();
  for (let i = 0; i < machines.invocations; i++) all.add('lambdaGbSeconds', (computed * 1769) / 1024);
  const perMove = all.plus(sweep.times(-MINUTES - 1)).times(1 / moves);
  const pollerSecondsPerMove = (machines.pollerSeconds - (MINUTES + 1) * sweepSeconds) / moves;
  const outcomes = Object.fromEntries(machines.outcomes);
  // A move that fails early is cheap: the bill would be of another scenario.
  if (outcomes.done !== moves)
    throw new Error(`moves: expected ${moves} done, got ${JSON.stringify(outcomes)}`);

  const perHandOver = await handOvers(stage, machines, memory);
  return { sweep, perMove, perHandOver, outcomes, pollerSecondsPerMove };
}

/** The plan's part of a minute: the poller is asked for, moves are written down and started. */
export async function minuteOf(
  stage: Stage,
  machines: Machines,
  moves: readonly Planned[],
): Promise<Promise<unknown>[]> {
  const { clock, table, settings } = stage;
  await clock.runUntil(Math.floor(clock.now() / MINUTE) * MINUTE + MINUTE + 5);
  void machines.poll();
  const records = new Records(table);
  const at = clock.now();
  const work = moves.map(async ({ move, version }) => {
    await records.started(at, move);
    return machines.run('move', moveInput(move, version, at, settings), move.id);
  });
  await clock.runUntil(at + 1);
  return work;
}

interface Planned {
  readonly move: Move;
  readonly version: number;
}

export async function choose(stage: Stage, from: number, count: number): Promise<Planned[]> {
  const usage = stage.counting.usage;
  stage.counting.usage = new Usage();
  const slices = (await stage.clock.settle(stage.store.slices())).filter(
    ({ holder }) => holder === undefined,
  );
  stage.counting.usage = usage;
  const taken = new Set<string>();
  const take = (is: (one: StoredSlice) => boolean) => {
    const found = slices.find((one) => !taken.has(one.slice) && is(one));
    if (found !== undefined) taken.add(found.slice);
    return found;
  };
  const reason = {
    rule: 'forecast',
    ahead: 120,
    forecast: { median: 401, q90: 433, q99: 447 },
    need: 500,
    have: 400,
  } as const;
  return Array.from({ length: count }, (_, i) => i + from).flatMap((n): Planned[] => {
    const to = { kind: 'active', shard: `shard-${(n * 7) % stage.settings.shards.length}` } as const;
    const grows = n % 10 < MIX.grow;
    const slice = take(({ placement: { kind, ...more } }) =>
      grows ? kind === 'ready' : kind === 'active' && 'shard' in more && more.shard !== to.shard,
    );
    if (slice === undefined) return [];
    const { placement, version } = slice;
    const shrinks = !grows && n % 10 < MIX.grow + MIX.shrink;
    const move = {
      id: `m-${n}-${slice.slice}`,
      slice: slice.slice,
      from:
        placement.kind === 'ready'
          ? { kind: 'ready' }
          : { kind: 'active', shard: (placement as { shard: string }).shard },
      to: shrinks ? { kind: 'ready' } : to,
      reason,
    } as Move;
    return [{ move, version }];
  });
}

const HAND_OVERS = 10;

async function handOvers(
  stage: Stage,
  machines: Machines,
  memory: (name: FunctionName) => number,
): Promise<Usage> {
  const { clock, table, settings, events, store, loadBalancer, counting, aws } = stage;
  const groups = { steady: 'steady', spot: 'spot' };
  const fleet = stage.fleet();
  const running: Promise<unknown>[] = [];
  const wait = () => clock.sleepUntil(clock.now() + 0.02);
  const workflows = {
    start: async (flow: string, name: string, input: unknown) => {
      await wait();
      running.push(machines.run(flow as 'hand-over', input, name));
    },
  };
  const parts = {
    ports: unwiredPorts({ clock, store, loadBalancer, events, fleet, workflows }),
    settings,
    table,
    autoScaling: aws.client(),
    groups,
    bind: (...of: Parameters<typeof fleet.bind>) => fleet.bind(...of),
    startPlan: wait,
  };
  const victims = [...aws.autoScaling.group('spot').members.values()]
    .filter(({ lifecycle }) => lifecycle === 'InService')
    .slice(0, HAND_OVERS);
  stage.reset();
  for (const { id } of victims) {
    const event = eventSchema.parse({
      id,
      time: formatStamp(clock.now()),
      'detail-type': 'EC2 Spot Instance Interruption Warning',
      detail: { 'instance-id': id, 'instance-action': 'terminate' },
    });
    const { waited, computed } = await stage.timed(() => onEvent(parts, event));
    invoked(counting.usage, { memory: memory('instance-events'), waited, computed });
    counting.usage.add('writeUnits', IDEMPOTENCY_WRITES);
    counting.usage.add('s3Gets', 1);
    await clock.settle(Promise.all(running));
  }
  return stage.reset().times(1 / victims.length);
}
