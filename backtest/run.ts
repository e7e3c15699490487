import { planningHorizons } from '../core/capacity/horizons.ts';
import type { Forecast, Forecaster } from '../core/forecast/forecast.ts';
import type { Settings } from '../core/settings/schema.ts';
import { MINUTE, type Seconds } from '../core/time.ts';
import { activateStandby, type StandbyInput } from '../flows/activate-standby.ts';
import { onInterruption, onRebalance } from '../flows/interruption.ts';
import { runMove } from '../flows/move.ts';
import type { MoveInput } from '../flows/move-input.ts';
import { instanceArrived, instanceLeft, reconcile } from '../flows/reconcile.ts';
import { type Planner, tick } from '../flows/tick.ts';
import type { SpotEvent } from './input/spot.ts';
import type { LoadTrace, Window } from './load.ts';
import type { RunRecord } from './report/run-record.ts';
import { populate } from './world/populate.ts';
import { Recorder, type Totals } from './world/recorder.ts';
import { RunLog } from './world/run-log.ts';
import { type Faults, World } from './world/world.ts';

export type ForecasterFactory = (settings: Settings, shard: string) => Forecaster;

export interface BacktestInput {
  /** 1-minute steps; its columns are named as the shards of the settings. A missing value is no load, and unknown to the forecaster. */
  readonly trace: LoadTrace;
  /** In minutes of the trace. */
  readonly window: Window;
  readonly settings: Settings;
  readonly spotEvents?: readonly SpotEvent[];
  readonly faults?: Faults;
  readonly seed: number;
  readonly planner: Planner;
  readonly forecasterFactory: ForecasterFactory;
  /** @default the trace's name */
  readonly title?: string;
  readonly synthetic?: boolean;
  /** Called every simulated hour, and at the end. */
  readonly onProgress?: (doneMinutes: number, totalMinutes: number) => void;
}

export type BacktestRun = Omit<RunRecord, 'comparison'> & { readonly totals: Totals };

/** In production every minute. Where the world has no faults to find, it costs time and finds nothing. */
const reconcileEvery = ({ faults }: BacktestInput): Seconds => (faults === undefined ? 10 : 1) * MINUTE;

/**
 * Runs the service on its own history in virtual time: the flows of production, minute by minute over the judged
 * window, in a simulated world. Same input, same seed: the same record, to the byte.
 * @throws {RangeError} when trace or window do not fit; what the planner or a forecaster throws.
 */
export async function runBacktest(input: BacktestInput): Promise<BacktestRun> {
  const { trace, window, seed, planner } = input;
  check(trace, window);
  const notes: string[] = [];
  const settings = allActive(input.settings, notes);
  const world = new World({ ...input, settings, from: window.history, end: window.end });
  populate(world);

  const start = world.clock.now();
  const minutes = window.end - window.history;
  const horizons = planningHorizons(settings);
  const { warm, activate } = settings.fleet.leadTimes;
  // The forecast of one usual lead time before: a warm start and the activation.
  const lead = warm.seconds + activate.seconds;
  const recorder = new Recorder(world, minutes, horizons.find((ahead) => ahead >= lead) ?? MINUTE);
  const log = new RunLog(() => world.clock.now());
  const feed = forecasters(input.forecasterFactory, settings, world, trace);
  // Between the minutes nothing new is measured, so the forecasts stand.
  let forecasts = new Map<string, Forecast>();
  let plannedAt = 0;
  const replan = async (now: Seconds) => {
    if ((now - start) % MINUTE === 0) forecasts = await feed(now, horizons);
    const result = await tick(world.ports, settings, planner, forecasts);
    log.ticked(now, result);
    plannedAt = now;
    return { forecasts, result };
  };
  wire(world, log, async (asked) => {
    if (plannedAt < asked) await replan(world.clock.now());
  });

  for (let minute = 0; minute < minutes; minute++) {
    const now = start + minute * MINUTE;
    await world.runUntil(now);
    if (minute > 0) recorder.metered(now);
    if (minute > 0 && (minute * MINUTE) % reconcileEvery(input) === 0)
      log.failures((await reconcile(world.ports, settings)).failures);
    const { forecasts, result } = await replan(now);
    recorder.tick(now, forecasts, result.plan.pool.target);
    if (minute % 60 === 0) input.onProgress?.(minute, minutes);
  }
  await world.runUntil(start + minutes * MINUTE);
  recorder.metered(start + minutes * MINUTE);
  input.onProgress?.(minutes, minutes);
  return {
    version: 1,
    title: input.title ?? trace.name,
    synthetic: input.synthetic ?? false,
    settings,
    ...recorder.finish(settings),
    moves: log.moves,
    actions: log.actions,
    interruptions: world.interruptions.records,
    notes: [...notes, ...log.notes(), `seed ${seed}`],
  };
}

/** Feeds each shard's forecaster with its history now, and later with what has been measured since. */
function forecasters(
  factory: ForecasterFactory,
  settings: Settings,
  world: World,
  trace: LoadTrace,
): (now: Seconds, horizons: readonly Seconds[]) => Promise<Map<string, Forecast>> {
  const known = settings.shards.filter(({ name }) => trace.shards.includes(name));
  const fed = known.map(({ name }) => ({ name, forecaster: factory(settings, name), last: trace.start - 1 }));
  return async (now, horizons) => {
    const forecasts = new Map<string, Forecast>();
    for (const shard of fed) {
      for (const point of await world.ports.metrics.history(shard.name, shard.last, now)) {
        shard.forecaster.observe(point);
        shard.last = point.time;
      }
      forecasts.set(shard.name, shard.forecaster.forecast(now, horizons));
    }
    return forecasts;
  };
}

/** What production hears from EventBridge and runs in Step Functions. */
function wire(world: World, log: RunLog, planSince: (asked: Seconds) => Promise<unknown>): void {
  const { ports, settings, workflows } = world;
  // The next minute would be late for an instance that is there, and for one that goes: the plan is made at once.
  let planned = false;
  const planSoon = async () => {
    if (planned) return;
    planned = true;
    const asked = ports.clock.now();
    await ports.clock.sleepUntil(asked + GATHER);
    planned = false;
    await planSince(asked);
  };
  workflows.handlers.set('move', (input) => runMove(ports, input as MoveInput, settings));
  workflows.handlers.set('activate-standby', (input) =>
    activateStandby(ports, settings, input as StandbyInput),
  );
  workflows.ended = (ended) => log.ended(ended);
  const signal = (name: string, work: () => Promise<unknown>) => workflows.run('signal', name, work);
  world.signals = {
    arrived: (instance) =>
      signal(`arrived ${instance}`, async () => {
        await instanceArrived(ports, settings, instance);
        await planSoon();
      }),
    left: (instance) => signal(`left ${instance}`, () => instanceLeft(ports, settings, instance)),
    rebalance: (instance, at) => signal(`rebalance ${instance}`, () => onRebalance(ports, { instance, at })),
    notice: (instance, at, deadline) =>
      signal(`notice ${instance}`, async () => {
        const [evacuation] = await Promise.all([
          onInterruption({ ports, settings, switched: {} }, { instance, at, deadline }),
          planSoon(),
        ]);
        return evacuation;
      }),
  };
}

/** Seconds that signals are gathered before a plan is made for them. */
const GATHER: Seconds = 1;

/** A backtest asks what would have been: shards that are not active yet are tried as if they were. */
function allActive(settings: Settings, notes: string[]): Settings {
  const others = settings.shards.filter(({ mode }) => mode !== 'active');
  if (others.length === 0) return settings;
  const names = others.map(({ name, mode }) => `${name} (${mode})`).join(', ');
  notes.push(`Run as if active: ${names}`);
  return { ...settings, shards: settings.shards.map((shard) => ({ ...shard, mode: 'active' })) };
}

function check(trace: LoadTrace, { history, end }: Window): void {
  if (trace.step !== MINUTE)
    throw new RangeError(`trace ${trace.name}: step ${trace.step} s, must be ${MINUTE} s`);
  const length = trace.values[0]?.length ?? 0;
  const whole = Number.isInteger(history) && Number.isInteger(end);
  if (!whole || history < 0 || history >= end || end > length)
    throw new RangeError(
      `window of ${trace.name}: history ${history}, end ${end}; must be 0 ≤ history < end ≤ ${length}`,
    );
}
