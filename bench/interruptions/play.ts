import type { SpotEvent } from '../../backtest/input/spot.ts';
import { VirtualClock } from '../../backtest/world/clock.ts';
import { NoCapacity, SimFleet } from '../../backtest/world/fleet.ts';
import { luck } from '../../backtest/world/random.ts';
import { SpotMarket } from '../../backtest/world/spot.ts';
import { planningHorizons } from '../../core/capacity/horizons.ts';
import type { FleetAction, Plan, Refusal, Snapshot } from '../../core/capacity/plan.ts';
import { plan } from '../../core/capacity/planner.ts';
import { type Forecast, LEVELS } from '../../core/forecast/forecast.ts';
import { NO_HISTORY, noteInterruptionOf, type PoolHistory } from '../../core/interruption/pool-history.ts';
import { poolKey } from '../../core/interruption/risk.ts';
import { risksOf } from '../../core/interruption/risks.ts';
import type { Settings } from '../../core/settings/schema.ts';
import type { Instance } from '../../core/shards/instance.ts';
import type { Placement } from '../../core/shards/placement.ts';
import { parseSliceId, type Slice, shareOf, sliceIdsOf } from '../../core/shards/slice.ts';
import { HOUR, MINUTE, type Seconds } from '../../core/time.ts';
import { AgentsOnHosts } from './agents.ts';
import { carryOut } from './moves.ts';
import { type Assumptions, type Policy, type Scenario, scenarioOf } from './scenario.ts';
import { Stage } from './stage.ts';
import type { Tally } from './tally.ts';

/** From an event to the plan that it asks for. */
const REACTION: Seconds = 5;
/** Forecasts are made anew so often. */
const FRESH: Seconds = 10 * MINUTE;
/** A zone's refusal is remembered for so long. */
const REFUSED: Seconds = 10 * MINUTE;

/**
 * One policy through a Spot trace. The machines, the market and the planner are the product's and the simulator's own;
 * here are the agents: they see notices, read their orders at the next beat, copy and switch.
 */
export class Play {
  readonly #settings: Settings;
  readonly #scenario: Scenario;
  readonly #assumed: Assumptions;
  readonly #policy: Policy;
  readonly #stage: Stage;
  readonly #agents: AgentsOnHosts;
  readonly #market: SpotMarket;
  readonly #horizons: readonly (readonly [string, Forecast['horizons']])[];
  readonly #silent = new Map<string, boolean>();
  #pools = new Map<string, PoolHistory>();
  #told: Readonly<Record<string, string>> = {};
  #refusals: Refusal[] = [];
  #made: { readonly at: Seconds; readonly forecasts: ReadonlyMap<string, Forecast> } | undefined;
  #accountedAt: Seconds;
  #extraAt = Number.POSITIVE_INFINITY;
  #ticks = 0;

  constructor(
    assumed: Assumptions,
    policy: Policy,
    zones: readonly string[],
    events: readonly SpotEvent[],
    start: Seconds,
  ) {
    this.#assumed = assumed;
    this.#policy = policy;
    this.#scenario = scenarioOf(assumed, policy, zones);
    this.#settings = this.#scenario.settings;
    const clock = new VirtualClock(start);
    this.#stage = new Stage(clock, this.#settings, luck(assumed.seed, 'agents'), () => this.#ask());
    this.#agents = new AgentsOnHosts(this.#stage);
    this.#accountedAt = start;
    const horizons = planningHorizons(this.#settings);
    this.#horizons = [...this.#scenario.loads].map(([name, load]) => [
      name,
      horizons.map((ahead) => ({ ahead, quantiles: LEVELS.map((level) => load * (1 + (level - 0.5) / 50)) })),
    ]);
    const lead = this.#settings.fleet.leadTimes;
    this.#stage.fleet = new SimFleet(
      clock,
      this.#settings,
      {
        bootTime: (origin) => lead[origin].seconds,
        spotZones: () => this.#market.zones(),
        inUse: (instance) =>
          this.#stage.slicesOn(instance).some(([, { placement }]) => placement.kind !== 'ready'),
        changed: (before, after) => this.#changed(before, after),
      },
      luck(assumed.seed, 'launch failures'),
    );
    const now = () => this.#stage.clock.now();
    this.#market = new SpotMarket(
      clock,
      this.#settings,
      {
        spot: () => this.#stage.fleet.all().filter(({ group }) => group === 'spot'),
        alive: (id) => ['running', 'draining', 'starting'].includes(this.#stage.fleet.get(id)?.state ?? ''),
        rebalance: (id) => this.#rebalance(id, now()),
        notice: (id, deadline) => this.#notice(id, now(), deadline),
        end: (id) => {
          this.#agents.ended(id);
          this.#silent.delete(id);
          this.#stage.fleet.end(id);
          this.#ask();
        },
      },
      luck(assumed.seed, 'spot'),
      events,
      assumed.habits,
    );
  }

  get tally(): Tally {
    return this.#stage.tally;
  }

  async run(until: Seconds, onProgress: (at: Seconds) => void): Promise<Tally> {
    const { clock } = this.#stage;
    await clock.runUntil(clock.now());
    this.#populate();
    const minutely = () => {
      this.#tick();
      if (++this.#ticks % 240 === 0) onProgress(clock.now());
      clock.schedule(clock.now() + MINUTE, minutely);
    };
    minutely();
    await clock.runUntil(until);
    return this.tally;
  }

  #populate(): void {
    const since = this.#stage.clock.now();
    const { slicesPerInstance } = this.#settings.fleet;
    const wanted = [...this.#scenario.sizes].flatMap(([shard, size]) =>
      new Array<string>(size * slicesPerInstance).fill(shard),
    );
    const instances = Math.ceil(wanted.length / slicesPerInstance);
    for (let i = 0; i < instances; i++)
      // Slices of one instance are of shards that are far from one another.
      sliceIdsOf(this.#stage.fleet.seed('steady').id, this.#settings).forEach((slice, part) => {
        const shard = wanted[i + part * instances];
        const placement: Placement =
          shard === undefined ? { kind: 'ready', since } : { kind: 'active', since, shard };
        this.#stage.slices.set(slice, { placement, busy: false });
      });
  }

  #changed(before: Instance | undefined, after: Instance | undefined): void {
    const id = (after ?? before)!.id;
    if (before === undefined && after?.group === 'spot') this.#market.launched(after);
    if (after?.state === 'running' && before?.state === 'starting') {
      for (const slice of sliceIdsOf(id, this.#settings))
        this.#stage.slices.set(slice, {
          placement: { kind: 'ready', since: this.#stage.clock.now() },
          busy: false,
        });
      this.#announceAgain(id);
      this.#ask();
    }
    if (after === undefined || after.state === 'warm') {
      for (const slice of sliceIdsOf(id, this.#settings)) {
        const copy = this.#stage.copies.byTarget.get(slice);
        if (copy !== undefined) this.#agents.abandon(copy);
        this.#stage.slices.delete(slice);
      }
      this.#stage.deadlines.delete(id);
      this.#stage.rebalancedAt.delete(id);
    }
  }

  /** What was said while it came up, the metadata say still. */
  #announceAgain(id: string): void {
    const [at, deadline] = [this.#stage.rebalancedAt.get(id), this.#stage.deadlines.get(id)];
    if (at !== undefined) void this.#stage.fleet.announce(id, { kind: 'rebalance', at });
    if (deadline !== undefined)
      void this.#stage.fleet.announce(id, { kind: 'interruption', at: this.#stage.clock.now(), deadline });
  }

  #isSilent(id: string): boolean {
    const known = this.#silent.get(id);
    if (known !== undefined) return known;
    const silent = this.#stage.luck.uniform() < this.#assumed.silent;
    this.#silent.set(id, silent);
    return silent;
  }

  #rebalance(id: string, at: Seconds): void {
    if (this.#isSilent(id)) return;
    this.#stage.rebalancedAt.set(id, at);
    void this.#stage.fleet.announce(id, { kind: 'rebalance', at });
    this.#ask();
    this.#agents.sees(id);
  }

  #notice(id: string, at: Seconds, deadline: Seconds): void {
    const instance = this.#stage.fleet.get(id)!;
    const key = poolKey(instance);
    this.#pools = new Map(this.#pools).set(key, noteInterruptionOf(this.#pools.get(key) ?? NO_HISTORY, at));
    if (this.#isSilent(id)) return;
    void this.#stage.fleet.announce(id, { kind: 'interruption', at, deadline });
    this.#stage.deadlines.set(id, deadline);
    this.#ask();
    this.#agents.sees(id);
  }

  /** A plan soon; what asks meanwhile is served by the same one. */
  #ask(): void {
    const at = this.#stage.clock.now() + REACTION;
    if (this.#extraAt <= at) return;
    this.#extraAt = at;
    this.#stage.clock.schedule(at, () => {
      this.#extraAt = Number.POSITIVE_INFINITY;
      this.#tick();
    });
  }

  #tick(): void {
    const now = this.#stage.clock.now();
    this.#account(now);
    const snapshot = this.#snapshot(now);
    const forecasts = this.#forecastsAt(now);
    const made = plan(snapshot, forecasts, this.#settings, now);
    for (const move of made.moves) carryOut(this.#stage, this.#agents, move, now);
    made.fleet.forEach((action, i) => void this.#act(action, `${now}/${i}`, now));
    this.#keep(made);
    this.#told = made.reserveFor ?? {};
    this.#agents.order(this.#told);
  }

  /** The load is known and the same for ever; a forecast need only not be old. */
  #forecastsAt(at: Seconds): ReadonlyMap<string, Forecast> {
    if (this.#made === undefined || this.#made.at <= at - FRESH) {
      const forecasts = this.#horizons.map(([shard, horizons]): [string, Forecast] => [
        shard,
        { shard, at, knownUntil: at, horizons, method: 'known' },
      ]);
      this.#made = { at, forecasts: new Map(forecasts) };
    }
    return this.#made.forecasts;
  }

  #snapshot(at: Seconds): Snapshot {
    const instances = this.#stage.fleet.all().map((one): Instance => {
      if (!('slices' in one)) return one;
      const slices = this.#stage.slicesOn(one.id).map(
        ([id, { placement }]): Slice => ({
          id,
          ...parseSliceId(id),
          share: shareOf(one.type, this.#settings),
          placement,
        }),
      );
      return { ...one, slices };
    });
    const held = [...this.#stage.slices].filter(([, { busy }]) => busy).map(([id]) => id);
    this.#refusals = this.#refusals.filter((one) => one.at > at - REFUSED);
    const inputs = { agents: [], pools: this.#pools, baselines: {} };
    return {
      at,
      instances,
      openRequests: [],
      measured: [],
      held,
      reserveFor: this.#told,
      handingOver: Object.fromEntries(
        [...this.#stage.copies.bySource].map(([source, { target }]) => [source, target]),
      ),
      refusals: this.#refusals,
      ...(this.#policy !== 'none' && { risks: risksOf(instances, [], inputs, this.#settings, at) }),
      ...(this.#policy === 'spare per shard' && {
        reserveRequests: this.#settings.shards.map(({ name }) => ({
          id: name,
          shard: name,
          count: 1,
          until: at + HOUR,
        })),
      }),
    };
  }

  #act(action: FleetAction, key: string, at: Seconds): void {
    this.#stage.fleet.apply(action, key).catch((error: unknown) => {
      if (!(error instanceof NoCapacity) || action.kind !== 'launch') throw error;
      this.#refusals.push({ group: action.group, zone: action.zone, at });
    });
    this.#stage.clock.wake();
  }

  /** Reservations that the plan keeps, prolonged. */
  #keep({ reserves = [] }: Plan): void {
    for (const { slice, shard, also, until, changed } of reserves) {
      const placed = this.#stage.slices.get(slice);
      if (!changed || placed?.placement.kind !== 'reserved' || placed.busy) continue;
      placed.placement = { ...placed.placement, shard, also, until };
    }
  }

  #account(now: Seconds): void {
    const hours = (now - this.#accountedAt) / HOUR;
    this.#accountedAt = now;
    if (hours === 0) return;
    this.#stage.account(hours);
  }
}
