import type { LoadBalancer, TargetHealth } from '../../core/ports.ts';
import { parseSliceId } from '../../core/shards/slice.ts';
import type { Seconds } from '../../core/time.ts';
import type { VirtualClock } from './clock.ts';

interface Target {
  readonly shard: string;
  state: TargetHealth;
}

/** What the load balancer asks of the rest of the world, and tells it. */
export interface LoadBalancerWorld {
  /** Whether the instance can be a target: it runs. */
  readonly running: (instance: string) => boolean;
  /** Whether health checks on it pass. */
  readonly wellness: (instance: string) => boolean;
  /** Seconds from registration to the first passed check, and from deregistration to `unused`. */
  readonly checkTime: () => Seconds;
  readonly drainTime: () => Seconds;
  readonly serves: (shard: string, slice: string, yes: boolean) => void;
  readonly unused: (instance: string) => void;
}

/** Thrown when a target is registered that does not run, as ELB refuses a stopped instance. */
export class InvalidTarget extends Error {
  override readonly name = 'InvalidTarget';
}

/** Target groups as an ALB keeps them: a target serves once one check has passed, and drains when it is deregistered. */
export class SimLoadBalancer implements LoadBalancer {
  readonly #clock: VirtualClock;
  readonly #world: LoadBalancerWorld;
  /** By instance, then slice and shard. */
  readonly #targets = new Map<string, Map<string, Target>>();

  constructor(clock: VirtualClock, world: LoadBalancerWorld) {
    this.#clock = clock;
    this.#world = world;
  }

  async register(shard: string, slice: string): Promise<void> {
    const { instance } = parseSliceId(slice);
    if (!this.#world.running(instance))
      throw new InvalidTarget(`target ${slice} of shard ${shard}: instance ${instance} does not run`);
    const there = this.#find(shard, slice);
    if (there !== undefined && there.state !== 'draining') return;
    const target: Target = { shard, state: 'initial' };
    this.#of(instance).set(key(shard, slice), target);
    this.#clock.schedule(this.#clock.now() + this.#world.checkTime(), () => {
      if (this.#find(shard, slice) !== target || target.state !== 'initial') return;
      if (this.#world.wellness(instance)) this.#serve(slice, target);
      else target.state = 'unhealthy';
    });
  }

  /** Registered and healthy at once: how the world begins. */
  seed(shard: string, slice: string): void {
    const target: Target = { shard, state: 'initial' };
    this.#of(parseSliceId(slice).instance).set(key(shard, slice), target);
    this.#serve(slice, target);
  }

  async deregister(shard: string, slice: string): Promise<void> {
    const target = this.#find(shard, slice);
    if (target === undefined || target.state === 'draining') return;
    const { instance } = parseSliceId(slice);
    const leave = () => {
      if (this.#find(shard, slice) !== target) return;
      const targets = this.#of(instance);
      targets.delete(key(shard, slice));
      if (targets.size > 0) return;
      this.#targets.delete(instance);
      this.#world.unused(instance);
    };
    if (target.state !== 'healthy') return leave();
    target.state = 'draining';
    this.#world.serves(shard, slice, false);
    this.#clock.schedule(this.#clock.now() + this.#world.drainTime(), leave);
  }

  async health(shard: string, slice: string): Promise<TargetHealth> {
    return this.#find(shard, slice)?.state ?? 'unused';
  }

  /** Whether anything of the instance is registered or draining. */
  uses(instance: string): boolean {
    return this.#targets.has(instance);
  }

  /** Every target: `[shard, slice, state]`; for checks. */
  targets(): [string, string, TargetHealth][] {
    const all: [string, string, TargetHealth][] = [];
    for (const targets of this.#targets.values())
      for (const [id, { shard, state }] of targets) all.push([shard, id.slice(shard.length + 1), state]);
    return all;
  }

  /** Slices of the instance that serve, per shard. */
  servingOn(instance: string): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { shard, state } of this.#targets.get(instance)?.values() ?? [])
      if (state === 'healthy') counts.set(shard, (counts.get(shard) ?? 0) + 1);
    return counts;
  }

  /** The checks of an instance that was well fail from now on. */
  sicken(instance: string): void {
    for (const [id, target] of this.#targets.get(instance) ?? []) {
      if (target.state !== 'healthy') continue;
      target.state = 'unhealthy';
      this.#world.serves(target.shard, id.slice(target.shard.length + 1), false);
    }
  }

  /** The instance has ended: its targets are gone with it. */
  drop(instance: string): void {
    for (const [id, { shard, state }] of this.#targets.get(instance) ?? [])
      if (state === 'healthy') this.#world.serves(shard, id.slice(shard.length + 1), false);
    this.#targets.delete(instance);
  }

  #serve(slice: string, target: Target): void {
    target.state = 'healthy';
    this.#world.serves(target.shard, slice, true);
  }

  #of(instance: string): Map<string, Target> {
    let targets = this.#targets.get(instance);
    if (targets === undefined) {
      targets = new Map();
      this.#targets.set(instance, targets);
    }
    return targets;
  }

  #find(shard: string, slice: string): Target | undefined {
    return this.#targets.get(parseSliceId(slice).instance)?.get(key(shard, slice));
  }
}

const key = (shard: string, slice: string) => `${shard} ${slice}`;
