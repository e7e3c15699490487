import { ReserveRecords } from '../../adapters/aws/reserve-records.ts';
import { RiskRecords } from '../../adapters/aws/risk-records.ts';
import { VmItems } from '../../adapters/aws/vm-items.ts';
import type { World } from '../../backtest/world/world.ts';
import { planningHorizons } from '../../core/capacity/horizons.ts';
import type { Plan } from '../../core/capacity/plan.ts';
import { plan } from '../../core/capacity/planner.ts';
import { type Forecast, LEVELS } from '../../core/forecast/forecast.ts';
import type { Event } from '../../core/ports.ts';
import type { Mode, Settings } from '../../core/settings/schema.ts';
import { type MinuteResult, minute } from '../../flows/minute.ts';
import type { MinuteParts, Remembered } from '../../flows/minute-parts.ts';
import { runMove } from '../../flows/move.ts';
import type { MoveInput } from '../../flows/move-input.ts';
import { MemoryTable } from '../model-aws/memory-table.ts';
import { stage } from './stage.ts';

/** A service in the simulated world with what else the tick of each minute needs, kept in memory and open to look at. */
export interface MinuteStage {
  readonly world: World;
  readonly parts: MinuteParts;
  /** What the settings say now; put others there to change them. */
  deployed: { settings: Settings; etag: string };
  readonly modes: Record<string, Mode>;
  readonly holdAt: Record<string, number>;
  readonly forecasts: Map<string, Forecast>;
  readonly memory: { -readonly [K in keyof Remembered]: Remembered[K] } & {
    askedAt?: number;
    skipped: number;
  };
  readonly published: Event[];
  readonly plans: Plan[];
  readonly loads: Map<number, ReadonlyMap<string, number>>;
  /** Functions that were started, and fleet work, by name. */
  readonly calls: string[];
  readonly leases: Map<string, { holder: string; expires: number }>;
  /** One tick, driven to its end. */
  tick(parts?: MinuteParts, seconds?: number): Promise<MinuteResult>;
}

export function minuteStage(world: World): MinuteStage {
  const calls: string[] = [];
  const published: Event[] = [];
  const plans: Plan[] = [];
  const loads = new Map<number, ReadonlyMap<string, number>>();
  const leases = new Map<string, { holder: string; expires: number }>();
  const { clock, ports } = world;
  world.workflows.handlers.set('move', (input) => runMove(ports, input as MoveInput, world.settings));
  world.events.listener = (event) => published.push(event);
  let runs = 0;
  const made: MinuteStage = {
    world,
    deployed: { settings: world.settings, etag: 'v1' },
    modes: {},
    holdAt: {},
    forecasts: new Map(),
    memory: { open: [], routesEtag: 'v1', skipped: 0 },
    published,
    plans,
    loads,
    calls,
    leases,
    parts: {
      clock,
      events: ports.events,
      planner: plan,
      settings: { read: async () => made.deployed },
      modes: { read: async () => ({ modes: { ...made.modes }, holdAt: { ...made.holdAt } }) },
      service: () => ({
        ports,
        fleet: {
          settle: async () => {
            calls.push('settle');
            return [];
          },
          openRequests: async () => [],
        },
        newLoads: () => [[clock.now() - 60, new Map([['a', 1]])]],
      }),
      forecasts: { read: async () => made.forecasts },
      loads: { write: async (at, by) => void loads.set(at, by) },
      records: {
        planned: async (made) => void plans.push(made.plan),
        latestPlan: async () => plans.at(-1),
        moves: async () => [],
      },
      lease: {
        take: async (holder, expires, now) => {
          const held = leases.get('plan');
          if (held !== undefined && held.holder !== holder && held.expires > now) return false;
          leases.set('plan', { holder, expires });
          return true;
        },
        release: async (holder) => void (leases.get('plan')?.holder === holder && leases.delete('plan')),
      },
      memory: {
        read: async () => ({ ...made.memory }),
        write: async (change) => void Object.assign(made.memory, change),
        ask: async (at) => void Object.assign(made.memory, { askedAt: at, skipped: made.memory.skipped + 1 }),
        askedAt: async () => made.memory.askedAt,
      },
      risk: new RiskRecords(new MemoryTable()),
      reserves: new ReserveRecords(new MemoryTable()),
      vms: new VmItems(new MemoryTable()),
      start: {
        routeSync: async () => void calls.push('route-sync'),
        pollTargets: async () => void calls.push('poll-targets'),
      },
    },
    tick: (parts = made.parts, seconds = 50) =>
      clock.settle(minute(parts, { holder: `run-${runs++}`, endsAt: clock.now() + seconds })),
  };
  return made;
}

/** The same load at all levels and all times to come. */
export function flat(shard: string, load: number, at: number, settings: Settings): Forecast {
  const horizons = planningHorizons(settings).map((ahead) => ({ ahead, quantiles: LEVELS.map(() => load) }));
  return { shard, at, knownUntil: at - 60, horizons, method: 'flat' };
}

/** Shard `a` is forecast to need two instances and has one; `b` has what it needs; one is ready. */
export async function rising(): Promise<MinuteStage> {
  const made = minuteStage(await stage({ max: 4 }));
  const { world, forecasts } = made;
  // Something has been measured by then.
  await world.runUntil(world.clock.now() + 60);
  const now = world.clock.now();
  forecasts.set('a', flat('a', 190, now - 30, world.settings));
  forecasts.set('b', flat('b', 10, now - 30, world.settings));
  return made;
}

/** What was published, by type. */
export const types = ({ published }: MinuteStage) => published.map(({ type }) => type);
