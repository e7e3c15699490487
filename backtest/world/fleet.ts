import type { FleetAction } from '../../core/capacity/plan.ts';
import type { Fleet, SpotAnnouncement } from '../../core/ports.ts';
import type { Settings } from '../../core/settings/schema.ts';
import { type Group, type Instance, instanceTo, type Origin } from '../../core/shards/instance.ts';
import type { Seconds } from '../../core/time.ts';
import type { VirtualClock } from './clock.ts';
import type { Luck } from './random.ts';
import { emptiest } from './zones.ts';

/** What the fleet asks of the rest of the world, and tells it. */
export interface FleetWorld {
  /** Seconds until an instance of this origin is ready. */
  readonly bootTime: (origin: Origin) => Seconds;
  /** Zones in which Spot can be had now. */
  readonly spotZones: () => readonly string[];
  /** Whether something of the instance is registered or draining. */
  readonly inUse: (instance: string) => boolean;
  readonly changed: (before: Instance | undefined, after: Instance | undefined) => void;
}

/** Thrown when a fleet would grow past a bound: nothing above it was started. */
export class FleetLimit extends Error {
  override readonly name = 'FleetLimit';
}

/** Thrown when an instance was asked for in a zone that has none that would do: the next plan tries another one. */
export class NoCapacity extends Error {
  override readonly name = 'NoCapacity';
}

/**
 * The machines of the simulated world.
 *
 * Invariants: running, starting and draining instances never exceed `fleet.max`, stopped and stocked ones never
 * exceed `fleet.warmMax`. A start takes from the warm pool first, oldest first; Spot falls back to another zone;
 * where no zone has any, nothing starts, and it is for the plan to ask again or for something else. Facts are immutable: an instance that did not change is the same object in the next list.
 */
export class SimFleet implements Fleet {
  readonly #clock: VirtualClock;
  readonly #settings: Settings;
  readonly #world: FleetWorld;
  readonly #failures: Luck;
  readonly #instances = new Map<string, Instance>();
  /** The shard for which an instance is kept as cold standby. */
  readonly #standbyFor = new Map<string, string>();
  readonly #done = new Set<string>();
  #list: readonly Instance[] | undefined;
  #launched = 0;

  constructor(clock: VirtualClock, settings: Settings, world: FleetWorld, failures: Luck) {
    this.#clock = clock;
    this.#settings = settings;
    this.#world = world;
    this.#failures = failures;
  }

  async list(): Promise<readonly Instance[]> {
    return this.all();
  }

  all(): readonly Instance[] {
    this.#list ??= [...this.#instances.values()];
    return this.#list;
  }

  get(instance: string): Instance | undefined {
    return this.#instances.get(instance);
  }

  async apply(action: FleetAction, key: string): Promise<void> {
    if (this.#done.has(key)) return;
    this.#done.add(key);
    if (action.kind === 'start') this.#start(action.group, action.count);
    else if (action.kind === 'launch') this.#launch(action);
    else if (action.kind === 'stock') this.#stock(action.count);
    else if (action.kind === 'wake') this.#wake(action.instance, action.shard);
    else if (action.kind === 'discard') this.end(action.instance);
    else {
      if (action.shard !== undefined) this.#standbyFor.set(action.instance, action.shard);
      this.#release(action.instance, action.to);
    }
  }

  async retire(instance: string): Promise<void> {
    const fact = this.#instances.get(instance);
    if (fact === undefined || fact.state === 'interrupted') return;
    if (fact.state !== 'running' && fact.state !== 'draining') return this.end(instance);
    this.#leave(fact, 'retired');
  }

  async announce(instance: string, announced: SpotAnnouncement): Promise<void> {
    const fact = this.#instances.get(instance);
    if (fact?.state !== 'running' && fact?.state !== 'draining') return;
    if (announced.kind === 'interruption') {
      const { id, type, zone, group, slices } = fact;
      const facts = { id, type, zone, group, slices, since: announced.at };
      this.#set(instanceTo(fact, { ...facts, state: 'interrupted', deadline: announced.deadline }));
    } else if (fact.state === 'running' && fact.rebalanceAt === undefined) {
      this.#set({ ...fact, rebalanceAt: announced.at });
    }
  }

  /** An instance as the world begins with it: running, or standing by for a shard. */
  seed(group: Group, standbyFor?: string): Instance {
    const facts = this.#newFacts(group, this.#settings.fleet.zones);
    if (standbyFor !== undefined) this.#standbyFor.set(facts.id, standbyFor);
    const instance: Instance =
      standbyFor === undefined
        ? { ...facts, state: 'running', slices: [] }
        : { ...facts, state: 'standby', shard: standbyFor };
    this.#set(instance);
    return instance;
  }

  /** Nothing of the instance is registered any more: if it was leaving, it leaves. */
  unused(instance: string): void {
    const fact = this.#instances.get(instance);
    if (fact?.state !== 'draining') return;
    const { id, type, zone, group } = fact;
    const facts = { id, type, zone, group, since: this.#clock.now() };
    const shard = this.#standbyFor.get(id);
    if (fact.to === 'standby' && shard !== undefined)
      this.#set(instanceTo(fact, { ...facts, state: 'standby', shard }));
    // Past the bound of the warm pool an instance is not kept, as MaxGroupPreparedCapacity has it.
    else if (fact.to === 'warm' && this.#warmSize() < this.#warmMax())
      this.#set(instanceTo(fact, { ...facts, state: 'warm' }));
    else this.end(id);
  }

  /** The instance ends now, whatever it was doing. */
  end(instance: string): void {
    const fact = this.#instances.get(instance);
    if (fact === undefined) return;
    this.#instances.delete(instance);
    this.#standbyFor.delete(instance);
    this.#list = undefined;
    this.#world.changed(fact, undefined);
  }

  /** Instances that count against `fleet.max`: all that run or start, but for those that go into the warm pool. */
  size(): number {
    let size = 0;
    for (const fact of this.#instances.values()) {
      const stocked = fact.state === 'starting' && fact.into === 'warm';
      if (fact.state !== 'warm' && fact.state !== 'standby' && !stocked) size++;
    }
    return size;
  }

  #start(group: Group, count: number): void {
    const room = this.#settings.fleet.max - this.size();
    for (let i = 0; i < Math.min(count, room); i++) {
      if (group === 'steady') this.#startSteady();
      else if (this.#world.spotZones().length > 0)
        this.#boot(this.#newFacts('spot', this.#world.spotZones()), 'cold', 'running');
    }
    if (count > room)
      throw new FleetLimit(`fleet.max ${this.#settings.fleet.max}: ${count} starts asked, room for ${room}`);
  }

  /** LaunchInstances: cold, in the zone that was asked for, or not at all. */
  #launch({ group, zone, avoid }: FleetAction & { readonly kind: 'launch' }): void {
    const { max, zones } = this.#settings.fleet;
    if (this.size() >= max) throw new FleetLimit(`fleet.max ${max}: no room to launch in ${zone}`);
    if (!zones.includes(zone)) throw new FleetLimit(`zone ${zone}: not one of ${zones.join(', ')}`);
    if (group === 'spot' && !this.#world.spotZones().includes(zone))
      throw new NoCapacity(`${group} in ${zone}: no capacity`);
    const facts = this.#newFacts(group, [zone]);
    if (avoid?.type === facts.type && avoid.zone === facts.zone)
      throw new NoCapacity(`${group} in ${zone}: only ${avoid.type}, which is to be avoided`);
    this.#boot(facts, 'cold', 'running');
  }

  #startSteady(): void {
    let oldest: Instance | undefined;
    for (const fact of this.#instances.values())
      if (fact.state === 'warm' && (oldest === undefined || fact.since < oldest.since)) oldest = fact;
    if (oldest !== undefined) this.#boot(oldest, 'warm', 'running');
    else this.#boot(this.#newFacts('steady', this.#settings.fleet.zones), 'cold', 'running');
  }

  #stock(count: number): void {
    const room = this.#warmMax() - this.#warmSize();
    for (let i = 0; i < Math.min(count, room); i++)
      this.#boot(this.#newFacts('steady', this.#settings.fleet.zones), 'cold', 'warm');
    if (count > room)
      throw new FleetLimit(`fleet.warmMax ${this.#warmMax()}: ${count} asked, room for ${room}`);
  }

  #wake(instance: string, shard: string): void {
    const fact = this.#instances.get(instance);
    if (fact?.state !== 'standby') return;
    if (this.size() >= this.#settings.fleet.max)
      throw new FleetLimit(`fleet.max ${this.#settings.fleet.max}: no room to wake ${instance}`);
    this.#boot(fact, 'standby', 'running', shard);
  }

  #release(instance: string, to: 'warm' | 'retired' | 'standby'): void {
    const fact = this.#instances.get(instance);
    if (fact === undefined || fact.state === 'interrupted' || fact.state === 'draining') return;
    if (fact.state !== 'running')
      throw new FleetLimit(`instance ${instance} is ${fact.state}: only a running one can be released`);
    if (fact.group === 'spot' && to !== 'retired')
      throw new FleetLimit(`Spot instance ${instance} cannot be stopped: release it to retired, not ${to}`);
    this.#leave(fact, to);
  }

  #leave(fact: Instance, to: 'warm' | 'retired' | 'standby'): void {
    const { id, type, zone, group } = fact;
    const next = {
      id,
      type,
      zone,
      group,
      since: this.#clock.now(),
      state: 'draining',
      slices: [],
      to,
    } as const;
    this.#set(fact.state === 'draining' ? next : instanceTo(fact, next));
    if (!this.#world.inUse(id)) this.unused(id);
  }

  #boot(from: Facts, origin: Origin, into: 'running' | 'warm', shard?: string): void {
    const { id, type, zone, group } = from;
    const now = this.#clock.now();
    const facts = { id, type, zone, group };
    const starting: Instance = {
      ...facts,
      ...(shard === undefined ? {} : { shard }),
      since: now,
      state: 'starting',
      origin,
      into,
      expectedAt: now + this.#settings.fleet.leadTimes[origin].seconds,
    };
    this.#set(starting);
    const bootTime = this.#world.bootTime(origin);
    const fails = this.#failures.uniform() < this.#settings.fleet.launchFailures;
    this.#clock.schedule(now + bootTime, () => {
      if (this.#instances.get(id) !== starting) return;
      if (fails) return this.end(id);
      const since = this.#clock.now();
      if (into === 'warm') this.#set(instanceTo(starting, { ...facts, since, state: 'warm' }));
      else this.#set(instanceTo(starting, { ...facts, since, state: 'running', slices: [] }));
    });
  }

  /** A new instance in the zone of those given that has fewest of its group; Spot takes the types in turn. */
  #newFacts(group: Group, zones: readonly string[]): Facts {
    const zone = emptiest(zones, group, this.#instances.values());
    const types = this.#settings.fleet.instanceTypes;
    const number = this.#launched++;
    const type = types[group === 'spot' ? number % types.length : 0] ?? types[0];
    if (type === undefined) throw new RangeError('fleet.instanceTypes is empty');
    const id = `i-${number.toString(16).padStart(8, '0')}`;
    return { id, type: type.type, zone, group, since: this.#clock.now() };
  }

  #warmMax(): number {
    return this.#settings.fleet.warmMax ?? this.#settings.fleet.max;
  }

  #warmSize(): number {
    let size = 0;
    for (const fact of this.#instances.values())
      if (fact.state === 'warm' || (fact.state === 'starting' && fact.into === 'warm')) size++;
    return size;
  }

  #set(next: Instance): void {
    const before = this.#instances.get(next.id);
    this.#instances.set(next.id, next);
    this.#list = undefined;
    this.#world.changed(before, next);
  }
}

type Facts = Pick<Instance, 'id' | 'type' | 'zone' | 'group' | 'since'>;
