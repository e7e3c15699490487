import type { SpotEvent } from '../../backtest/input/spot.ts';
import { VirtualClock } from '../../backtest/world/clock.ts';
import { NoCapacity, SimFleet } from '../../backtest/world/fleet.ts';
import { type Luck, luck } from '../../backtest/world/random.ts';
import { SpotMarket } from '../../backtest/world/spot.ts';
import { planningHorizons } from '../../core/capacity/horizons.ts';
import type { FleetAction, Move, Plan, Refusal, Snapshot } from '../../core/capacity/plan.ts';
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
import { Copies, type Copy, MARGIN } from './hand-overs.ts';
import { type Assumptions, type Policy, type Scenario, scenarioOf } from './scenario.ts';
import { Tally } from './tally.ts';

/** From an event to the plan that it asks for. */
const REACTION: Seconds = 5;
/** An agent looks at the instance metadata so often, and reads its orders so often. */
const LOOK: Seconds = 2;
const BEAT: Seconds = 10;
/** Forecasts are made anew so often. */
const FRESH: Seconds = 10 * MINUTE;
/** A zone's refusal is remembered for so long. */
const REFUSED: Seconds = 10 * MINUTE;

interface Placed {
  placement: Placement;
  /** The hand-over that has it. */
  busy: boolean;
}

/**
 * One policy through a Spot trace. The machines, the market and the planner are the product's and the simulator's own;
 * here are the agents: they see notices, read their orders at the next beat, copy and switch.
 */
export class Play {
  readonly tally = new Tally();
  readonly #clock: VirtualClock;
  readonly #settings: Settings;
  readonly #scenario: Scenario;
  readonly #assumed: Assumptions;
  readonly #policy: Policy;
  readonly #fleet: SimFleet;
  readonly #market: SpotMarket;
  readonly #luck: Luck;
  readonly #slices = new Map<string, Placed>();
  readonly #copies: Copies;
  readonly #horizons: readonly (readonly [string, Forecast['horizons']])[];
  readonly #deadlines = new Map<string, Seconds>();
  readonly #rebalancedAt = new Map<string, Seconds>();
  readonly #silent = new Map<string, boolean>();
  /** Slices whose agents want a reserve. */
  readonly #wanting = new Set<string>();
  #pools = new Map<string, PoolHistory>();
  #orders: Readonly<Record<string, string>> = {};
  #told: Readonly<Record<string, string>> = {};
  #refusals: Refusal[] = [];
  #made: { readonly at: Seconds; readonly forecasts: ReadonlyMap<string, Forecast> } | undefined;
  /** Placements of slices that are being handed over as planned: their state is still there. */
  readonly #moving = new Set<Placement>();
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
    this.#clock = new VirtualClock(start);
    this.#luck = luck(assumed.seed, 'agents');
    this.#copies = new Copies(this.#settings);
    this.#accountedAt = start;
    const horizons = planningHorizons(this.#settings);
    this.#horizons = [...this.#scenario.loads].map(([name, load]) => [
      name,
      horizons.map((ahead) => ({ ahead, quantiles: LEVELS.map((level) => load * (1 + (level - 0.5) / 50)) })),
    ]);
    const lead = this.#settings.fleet.leadTimes;
    this.#fleet = new SimFleet(
      this.#clock,
      this.#settings,
      {
        bootTime: (origin) => lead[origin].seconds,
        spotZones: () => this.#market.zones(),
        inUse: (instance) => this.#slicesOn(instance).some(([, { placement }]) => placement.kind !== 'ready'),
        changed: (before, after) => this.#changed(before, after),
      },
      luck(assumed.seed, 'launch failures'),
    );
    const now = () => this.#clock.now();
    this.#market = new SpotMarket(
      this.#clock,
      this.#settings,
      {
        spot: () => this.#fleet.all().filter(({ group }) => group === 'spot'),
        alive: (id) => ['running', 'draining', 'starting'].includes(this.#fleet.get(id)?.state ?? ''),
        rebalance: (id) => this.#rebalance(id, now()),
        notice: (id, deadline) => this.#notice(id, now(), deadline),
        end: (id) => this.#end(id),
      },
      luck(assumed.seed, 'spot'),
      events,
      assumed.habits,
    );
  }

  async run(until: Seconds, onProgress: (at: Seconds) => void): Promise<Tally> {
    await this.#clock.runUntil(this.#clock.now());
    this.#populate();
    const minutely = () => {
      this.#tick();
      if (++this.#ticks % 240 === 0) onProgress(this.#clock.now());
      this.#clock.schedule(this.#clock.now() + MINUTE, minutely);
    };
    this.#clock.schedule(this.#clock.now(), minutely);
    await this.#clock.runUntil(until);
    return this.tally;
  }

  #populate(): void {
    const since = this.#clock.now();
    for (const [shard, size] of this.#scenario.sizes)
      for (let i = 0; i < size; i++) {
        const instance = this.#fleet.seed('steady');
        this.#slices.set(sliceIdsOf(instance.id, this.#settings)[0]!, {
          placement: { kind: 'active', since, shard },
          busy: false,
        });
      }
  }

  #slicesOn(instance: string): [string, Placed][] {
    return sliceIdsOf(instance, this.#settings).flatMap((id): [string, Placed][] => {
      const placed = this.#slices.get(id);
      return placed === undefined ? [] : [[id, placed]];
    });
  }

  #changed(before: Instance | undefined, after: Instance | undefined): void {
    const id = (after ?? before)!.id;
    if (before === undefined && after?.group === 'spot') this.#market.launched(after);
    if (after?.state === 'running' && before?.state === 'starting') {
      for (const slice of sliceIdsOf(id, this.#settings))
        this.#slices.set(slice, { placement: { kind: 'ready', since: this.#clock.now() }, busy: false });
      this.#announceAgain(id);
      this.#ask();
    }
    if (after === undefined || after.state === 'warm') {
      for (const slice of sliceIdsOf(id, this.#settings)) {
        const copy = this.#copies.byTarget.get(slice);
        if (copy !== undefined) this.#abandon(copy);
        this.#slices.delete(slice);
      }
      this.#deadlines.delete(id);
      this.#rebalancedAt.delete(id);
    }
  }

  /** What was said while it came up, the metadata say still. */
  #announceAgain(id: string): void {
    const [at, deadline] = [this.#rebalancedAt.get(id), this.#deadlines.get(id)];
    if (at !== undefined) void this.#fleet.announce(id, { kind: 'rebalance', at });
    if (deadline !== undefined)
      void this.#fleet.announce(id, { kind: 'interruption', at: this.#clock.now(), deadline });
  }

  #isSilent(id: string): boolean {
    const known = this.#silent.get(id);
    if (known !== undefined) return known;
    const silent = this.#luck.uniform() < this.#assumed.silent;
    this.#silent.set(id, silent);
    return silent;
  }

  #rebalance(id: string, at: Seconds): void {
    if (this.#isSilent(id)) return;
    this.#rebalancedAt.set(id, at);
    void this.#fleet.announce(id, { kind: 'rebalance', at });
    this.#ask();
    this.#sees(id);
  }

  #notice(id: string, at: Seconds, deadline: Seconds): void {
    const instance = this.#fleet.get(id)!;
    const key = poolKey(instance);
    this.#pools = new Map(this.#pools).set(key, noteInterruptionOf(this.#pools.get(key) ?? NO_HISTORY, at));
    if (this.#isSilent(id)) return;
    void this.#fleet.announce(id, { kind: 'interruption', at, deadline });
    this.#deadlines.set(id, deadline);
    this.#ask();
    this.#sees(id);
  }

  /** The agent sees what the metadata say, and does what it can with the reserve that it has. */
  #sees(id: string): void {
    this.#clock.schedule(this.#clock.now() + this.#luck.between(0, LOOK), () => {
      for (const [slice, { placement }] of this.#slicesOn(id))
        if (placement.kind === 'active') this.#begin(slice);
    });
  }

  #begin(slice: string): void {
    const source = this.#slices.get(slice);
    if (source?.placement.kind !== 'active') return;
    const { shard } = source.placement;
    const now = this.#clock.now();
    let copy = this.#copies.bySource.get(slice);
    if (copy === undefined) {
      const target = this.#orders[slice] ?? '';
      const reserve = this.#slices.get(target);
      if (reserve?.placement.kind !== 'reserved' || reserve.busy) {
        this.#wanting.add(slice);
        return;
      }
      this.#wanting.delete(slice);
      reserve.busy = true;
      copy = this.#copies.open(slice, target, shard, now);
    }
    const deadline = this.#deadlines.get(parseSliceId(slice).instance);
    if (deadline !== undefined && !copy.isDue) this.#switch(copy, deadline);
  }

  /** At the notice: the last changes, unless it is known that there is no time for them. */
  #switch(copy: Copy, deadline: Seconds): void {
    copy.isDue = true;
    const now = this.#clock.now();
    const at = this.#copies.switchAt(copy, now, deadline - MARGIN);
    if (at > deadline - MARGIN) {
      this.tally.tooLate += 1;
      return;
    }
    this.#clock.schedule(at, () => {
      if (this.#copies.bySource.get(copy.source) !== copy) return;
      this.#copies.close(copy);
      const source = this.#slices.get(copy.source);
      const target = this.#slices.get(copy.target);
      if (source === undefined || target === undefined) return;
      const since = this.#clock.now();
      source.placement = { kind: 'draining', since, shard: copy.shard };
      target.placement = { kind: 'active', since, shard: copy.shard };
      target.busy = false;
      this.tally.handedOver += 1;
      this.tally.pauses.push(copy.pause);
      const { instance } = parseSliceId(copy.target);
      const on = this.#fleet.get(instance);
      // The reserve's own pool may be going too.
      if (on?.state === 'interrupted' || (on?.state === 'running' && on.rebalanceAt !== undefined))
        this.#sees(instance);
    });
  }

  /** The target has gone: the source needs another one. */
  #abandon(copy: Copy): void {
    this.#copies.close(copy);
    this.#wanting.add(copy.source);
    this.#ask();
  }

  #end(id: string): void {
    for (const [slice, { placement }] of this.#slicesOn(id)) {
      this.#wanting.delete(slice);
      const copy = this.#copies.bySource.get(slice);
      if (copy !== undefined) {
        this.#copies.close(copy);
        const target = this.#slices.get(copy.target);
        if (target !== undefined) target.busy = false;
      }
      if (!this.#hasState(placement)) continue;
      if (this.#deadlines.has(id)) this.tally.lost += 1;
      else this.tally.silent += 1;
    }
    this.#silent.delete(id);
    this.#fleet.end(id);
    this.#ask();
  }

  /** A plan soon; what asks meanwhile is served by the same one. */
  #ask(): void {
    const at = this.#clock.now() + REACTION;
    if (this.#extraAt <= at) return;
    this.#extraAt = at;
    this.#clock.schedule(at, () => {
      this.#extraAt = Number.POSITIVE_INFINITY;
      this.#tick();
    });
  }

  #tick(): void {
    const now = this.#clock.now();
    this.#account(now);
    const snapshot = this.#snapshot(now);
    const forecasts = this.#forecastsAt(now);
    const made = plan(snapshot, forecasts, this.#settings, now);
    for (const move of made.moves) this.#move(move, now);
    made.fleet.forEach((action, i) => void this.#act(action, `${now}/${i}`, now));
    this.#keep(made);
    this.#told = made.reserveFor ?? {};
    const told = this.#told;
    this.#clock.schedule(now + this.#luck.between(0, BEAT), () => {
      this.#orders = told;
      for (const slice of [...this.#wanting]) this.#begin(slice);
    });
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
    const instances = this.#fleet.all().map((one): Instance => {
      if (!('slices' in one)) return one;
      const slices = this.#slicesOn(one.id).map(
        ([id, { placement }]): Slice => ({
          id,
          ...parseSliceId(id),
          share: shareOf(one.type, this.#settings),
          placement,
        }),
      );
      return { ...one, slices };
    });
    const held = [...this.#slices].filter(([, { busy }]) => busy).map(([id]) => id);
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
        [...this.#copies.bySource].map(([source, { target }]) => [source, target]),
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

  #move({ slice, from, to }: Move, since: Seconds): void {
    const placed = this.#slices.get(slice);
    if (placed === undefined || placed.busy) return;
    const { activate, drain } = this.#settings.fleet.leadTimes;
    const put = (placement: Placement) => {
      placed.placement = placement;
    };
    const after = (seconds: Seconds, next: () => void) => {
      const { placement } = placed;
      this.#clock.schedule(since + seconds, () => {
        if (this.#slices.get(slice) === placed && placed.placement === placement) next();
      });
    };
    const enter = (shard: string) => {
      put({ kind: 'activating', since: this.#clock.now(), shard });
      const { placement } = placed;
      this.#clock.schedule(this.#clock.now() + activate.seconds, () => {
        if (placed.placement !== placement) return;
        put({ kind: 'active', since: this.#clock.now(), shard });
        const { instance } = parseSliceId(slice);
        if (this.#rebalancedAt.has(instance) || this.#deadlines.has(instance)) this.#sees(instance);
      });
    };
    if (to.kind === 'reserved') put({ ...to, since });
    else if (from.kind !== 'active') {
      if (to.kind === 'active') enter(to.shard);
      else this.#free(slice, placed);
    } else {
      // A planned hand-over to the shard's other slices, without a deadline of its own.
      const copy = this.#copies.bySource.get(slice);
      if (copy !== undefined) return;
      put({ kind: 'draining', since, shard: from.shard, ...(to.kind === 'active' && { to: to.shard }) });
      this.#moving.add(placed.placement);
      const { placement } = placed;
      after(Math.max(drain.seconds, this.#copies.planned(from.shard)), () => {
        this.#moving.delete(placement);
        const on = this.#fleet.get(parseSliceId(slice).instance);
        if (on?.state === 'interrupted') this.tally.handedOver += 1;
        else if (on !== undefined && this.#rebalancedAt.has(on.id)) this.tally.early();
        if (to.kind === 'active') enter(to.shard);
        else this.#free(slice, placed);
      });
    }
  }

  #hasState(placement: Placement): boolean {
    return placement.kind === 'active' || this.#moving.has(placement);
  }

  #free(slice: string, placed: Placed): void {
    placed.placement = { kind: 'ready', since: this.#clock.now() };
    this.#fleet.unused(parseSliceId(slice).instance);
  }

  #act(action: FleetAction, key: string, at: Seconds): void {
    this.#fleet.apply(action, key).catch((error: unknown) => {
      if (!(error instanceof NoCapacity) || action.kind !== 'launch') throw error;
      this.#refusals.push({ group: action.group, zone: action.zone, at });
    });
    this.#clock.wake();
  }

  /** Reservations that the plan keeps, prolonged. */
  #keep({ reserves = [] }: Plan): void {
    for (const { slice, shard, also, until, changed } of reserves) {
      const placed = this.#slices.get(slice);
      if (!changed || placed?.placement.kind !== 'reserved' || placed.busy) continue;
      placed.placement = { ...placed.placement, shard, also, until };
    }
  }

  #account(now: Seconds): void {
    const hours = (now - this.#accountedAt) / HOUR;
    this.#accountedAt = now;
    if (hours === 0) return;
    this.tally.hours += hours;
    for (const [slice, { placement }] of this.#slices) {
      if (placement.kind === 'reserved') this.tally.reserved += hours;
      else if (placement.kind === 'ready') this.tally.ready += hours;
      else if (placement.kind === 'active') {
        this.tally.serving += hours;
        if (this.#fleet.get(parseSliceId(slice).instance)?.group === 'spot') this.tally.servingSpot += hours;
      }
    }
  }
}
