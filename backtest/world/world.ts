import type { Ports } from '../../core/ports.ts';
import type { Settings } from '../../core/settings/schema.ts';
import type { Instance } from '../../core/shards/instance.ts';
import { parseSliceId, shareOf, sliceIdsOf } from '../../core/shards/slice.ts';
import { DAY, MINUTE, type Seconds } from '../../core/time.ts';
import type { SpotEvent } from '../input/spot.ts';
import type { LoadTrace } from '../load.ts';
import { VirtualClock } from './clock.ts';
import { SimFleet } from './fleet.ts';
import { SimHosts } from './hosts.ts';
import { InterruptionLog } from './interruptions.ts';
import { SimLoadBalancer } from './load-balancer.ts';
import { Meter } from './meter.ts';
import { SimMetrics } from './metrics.ts';
import { type Luck, luck } from './random.ts';
import { ShardService } from './service.ts';
import { SpotMarket } from './spot.ts';
import { NO_AGENTS, NO_HAND_OVERS, NO_SLOTS } from './stateless.ts';
import { MemoryStore } from './store.ts';
import { SimEvents, SimWorkflows } from './workflows.ts';

/** Troubles that the settings do not name; none by default. */
export interface Faults {
  /** Instances that end without notice, per running instance and day. */
  readonly failuresPerDay?: number;
  /** Instances whose health checks begin to fail, per running instance and day. */
  readonly unhealthyPerDay?: number;
  /** Share of activations that fail. */
  readonly activationFailures?: number;
}

export interface WorldInput {
  readonly settings: Settings;
  /** 1-minute steps, history included. A shard of the settings without a row has no load. */
  readonly trace: LoadTrace;
  /** Step of the trace at which the world begins, and the one at which it ends. */
  readonly from: number;
  readonly end: number;
  readonly seed: number;
  readonly spotEvents?: readonly SpotEvent[];
  readonly faults?: Faults;
}

/** What the world tells of its own accord; production hears it from EventBridge. */
export interface Signals {
  /** An instance runs and is ready. */
  arrived(instance: string): void;
  /** An instance has stopped or ended. */
  left(instance: string): void;
  rebalance(instance: string, at: Seconds): void;
  notice(instance: string, at: Seconds, deadline: Seconds): void;
}

/** A simulated service: every port of core, in virtual time. Same input, same seed: the same course, to the byte. */
export class World {
  readonly settings: Settings;
  readonly clock: VirtualClock;
  readonly fleet: SimFleet;
  readonly store: MemoryStore;
  readonly loadBalancer: SimLoadBalancer;
  readonly hosts: SimHosts;
  readonly events = new SimEvents();
  readonly workflows: SimWorkflows;
  readonly ports: Ports;
  readonly services: ReadonlyMap<string, ShardService>;
  readonly interruptions: InterruptionLog;
  signals: Signals = { arrived() {}, left() {}, rebalance() {}, notice() {} };
  readonly #meter: Meter;
  readonly #market: SpotMarket;
  readonly #faults: Faults;
  readonly #troubles: Luck;
  readonly #sick = new Set<string>();

  constructor(input: WorldInput) {
    const { settings, trace, seed } = input;
    const { leadTimes } = settings.fleet;
    const start = trace.start + input.from * MINUTE;
    const now = () => this.clock.now();
    this.settings = settings;
    this.clock = new VirtualClock(start);
    this.#meter = new Meter(start);
    this.#faults = input.faults ?? {};
    this.#troubles = luck(seed, 'troubles');
    this.store = new MemoryStore(now, () => this.#account());
    this.services = services(input, start);

    const boots = { cold: luck(seed, 'cold'), warm: luck(seed, 'warm'), standby: luck(seed, 'standby') };
    this.fleet = new SimFleet(
      this.clock,
      settings,
      {
        bootTime: (origin) => boots[origin].lognormal(leadTimes[origin].seconds, leadTimes[origin].spread),
        spotZones: () => this.#market.zones(),
        inUse: (instance) => this.loadBalancer.uses(instance),
        changed: (before, after) => this.#changed(before, after),
      },
      luck(seed, 'launch failures'),
    );

    // Half of the activation lead time passes on the host, the other half until the first health check has passed.
    const { activate, drain } = leadTimes;
    const [onHost, checks, drains] = [luck(seed, 'activate'), luck(seed, 'checks'), luck(seed, 'drain')];
    const running = (instance: string) => this.#running(instance);
    this.loadBalancer = new SimLoadBalancer(this.clock, {
      running,
      wellness: (instance) => !this.#sick.has(instance),
      checkTime: () => checks.lognormal(activate.seconds / 2, activate.spread),
      drainTime: () => drains.lognormal(drain.seconds, drain.spread),
      serves: (shard, slice, yes) => this.#serves(shard, slice, yes),
      unused: (instance) => this.fleet.unused(instance),
    });
    const activations = luck(seed, 'activation failures');
    this.hosts = new SimHosts(this.clock, {
      running,
      commandTime: ({ kind }) =>
        kind === 'activate' ? onHost.lognormal(activate.seconds / 2, activate.spread) : 0,
      commandFails: ({ kind }) =>
        kind === 'activate' && activations.uniform() < (this.#faults.activationFailures ?? 0),
    });

    this.interruptions = new InterruptionLog({
      on: (instance) => this.loadBalancer.servingOn(instance),
      short: (shard, without) => this.services.get(shard)?.short(without, now()) ?? 0,
    });
    this.#market = new SpotMarket(
      this.clock,
      settings,
      {
        spot: () => this.fleet.all().filter(({ group }) => group === 'spot'),
        alive: (instance) => this.#running(instance),
        rebalance: (instance) => this.#announce(instance, 'rebalance', now()),
        notice: (instance, deadline) => this.#announce(instance, 'notice', deadline),
        end: (instance) => this.fleet.end(instance),
      },
      luck(seed, 'spot'),
      input.spotEvents,
    );
    this.workflows = new SimWorkflows(this.clock);
    this.ports = {
      clock: this.clock,
      fleet: this.fleet,
      loadBalancer: this.loadBalancer,
      hosts: this.hosts,
      metrics: new SimMetrics(trace, this.services, start, settings.metrics.delay, now),
      store: this.store,
      events: this.events,
      workflows: this.workflows,
      slots: NO_SLOTS,
      agents: NO_AGENTS,
      handOvers: NO_HAND_OVERS,
    };
  }

  /** Goes on to `until`: events, flows and load. */
  async runUntil(until: Seconds): Promise<void> {
    await this.clock.runUntil(until);
    for (const service of this.services.values()) service.advance(until);
  }

  /** What was metered since the last time, in instance-seconds and $. */
  takeMetered(): ReturnType<Meter['take']> {
    this.#account();
    return this.#meter.take(this.clock.now());
  }

  /** The instance is lost without a word, now. */
  fail(instance: string): void {
    this.fleet.end(instance);
  }

  /** Health checks on the instance fail from now on. */
  sicken(instance: string): void {
    this.#sick.add(instance);
    this.loadBalancer.sicken(instance);
  }

  #running(instance: string): boolean {
    const state = this.fleet.get(instance)?.state;
    return state === 'running' || state === 'draining' || state === 'interrupted';
  }

  #serves(shard: string, slice: string, yes: boolean): void {
    const instance = this.fleet.get(parseSliceId(slice).instance);
    const share = yes && instance !== undefined ? shareOf(instance.type, this.settings) : 0;
    this.services.get(shard)?.target(slice, share, this.clock.now());
  }

  #announce(instance: string, kind: 'rebalance' | 'notice', until: Seconds): void {
    const zone = this.fleet.get(instance)?.zone ?? '';
    const at = this.clock.now();
    this.interruptions.announced(instance, zone, kind, at);
    if (kind === 'rebalance') this.signals.rebalance(instance, at);
    else this.signals.notice(instance, at, until);
  }

  #changed(before: Instance | undefined, after: Instance | undefined): void {
    this.#account();
    if (before !== undefined) this.#count(before, -1);
    if (after !== undefined) this.#count(after, 1);
    const instance = (after ?? before)?.id ?? '';
    if (before === undefined && after?.group === 'spot') this.#market.launched(after);
    const ran = before !== undefined && isOn(before);
    const runs = after !== undefined && isOn(after);
    if (runs && !ran) this.#arrive(instance);
    if (ran && !runs) this.#leave(instance);
  }

  #arrive(instance: string): void {
    const { failuresPerDay = 0, unhealthyPerDay = 0 } = this.#faults;
    for (const [rate, strike] of [
      [failuresPerDay, () => this.fail(instance)],
      [unhealthyPerDay, () => this.sicken(instance)],
    ] as const) {
      if (rate === 0) continue;
      const since = this.fleet.get(instance)?.since;
      this.clock.schedule(this.clock.now() + this.#troubles.exponential(DAY / rate), () => {
        const there = this.fleet.get(instance);
        if (there?.state === 'running' && there.since === since) strike();
      });
    }
    this.signals.arrived(instance);
  }

  #leave(instance: string): void {
    this.interruptions.ended(instance, this.clock.now());
    this.loadBalancer.drop(instance);
    this.#sick.delete(instance);
    for (const slice of sliceIdsOf(instance, this.settings)) this.hosts.drop(slice);
    this.signals.left(instance);
  }

  #count(instance: Instance, one: 1 | -1): void {
    const { costs, fleet } = this.settings;
    const weight = fleet.instanceTypes.find(({ type }) => type === instance.type)?.weight ?? 1;
    const price = weight * (instance.group === 'spot' ? costs.spotInstanceHour : costs.instanceHour);
    const stopped = instance.state === 'warm' || instance.state === 'standby';
    const what = stopped ? 'stopped' : instance.state === 'starting' ? 'starting' : 'running';
    this.#meter.level[what] += one;
    this.#meter.level.dollars += one * price * (stopped ? costs.stoppedShare : 1);
  }

  /** Brings the meter up to now with the levels that held until now. */
  #account(): void {
    const { counts } = this.store;
    const { level } = this.#meter;
    const perInstance = this.settings.fleet.slicesPerInstance;
    level.ready = (counts.ready + counts.reserved) / perInstance;
    level.activating = counts.activating / perInstance;
    level.active = counts.active / perInstance;
    this.#meter.advance(this.clock.now());
  }
}

const isOn = ({ state }: Instance) => state === 'running' || state === 'draining' || state === 'interrupted';

function services({ settings, trace, from, end }: WorldInput, start: Seconds): Map<string, ShardService> {
  return new Map(
    settings.shards.map(({ name, capacity, maxWait }) => {
      const row = trace.values[trace.shards.indexOf(name)];
      const load = row === undefined ? new Float64Array(end - from) : row.slice(from, end);
      return [name, new ShardService({ name, perInstance: capacity.perInstance, maxWait }, load, start)];
    }),
  );
}
