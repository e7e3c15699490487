import {
  DeregisterTargetsCommand,
  DescribeTargetHealthCommand,
  type ElasticLoadBalancingV2Client,
  RegisterTargetsCommand,
  type TargetDescription,
  type TargetHealthDescription,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Clock, LoadBalancer, TargetHealth } from '../../core/ports.ts';
import { parseSliceId } from '../../core/shards/slice.ts';
import type { Seconds } from '../../core/time.ts';
import { PK, type Table } from './table.ts';
import { nameOf, unthrottled } from './throttling.ts';

/** Thrown where a shard has no target group, or one that no listener uses. */
export class NoRoute extends Error {
  override readonly name = 'NoRoute';
}

/** Thrown when a target is registered that ELB refuses: its instance does not run, or is in another VPC. */
export class InvalidTarget extends Error {
  override readonly name = 'InvalidTarget';
}

/** Seconds for which a shard's route is kept; route-sync changes it rarely, and a group that is gone is noticed. */
const LIFE: Seconds = 60;

export interface LoadBalancerParts {
  readonly elb: Pick<ElasticLoadBalancingV2Client, 'send'>;
  readonly table: Table;
  readonly clock: Clock;
}

/**
 * Target groups of the shards, as `route` items name them. A target is an instance and a port: a slice.
 *
 * Gotchas: a target group that is gone has no targets, so leaving it succeeds, also where the route has gone with it. ELB calls a target `unused` for three
 * reasons, and only `Target.NotRegistered` and `Target.InvalidState` (its instance is stopped) mean that it does not
 * serve; a group that no listener uses is an error, or a move would wait for health in vain.
 */
export class AwsLoadBalancer implements LoadBalancer {
  readonly #elb: LoadBalancerParts['elb'];
  readonly #table: Table;
  readonly #clock: Clock;
  readonly #routes = new Map<string, { readonly targetGroup: string; readonly until: Seconds }>();

  constructor({ elb, table, clock }: LoadBalancerParts) {
    this.#elb = elb;
    this.#table = table;
    this.#clock = clock;
  }

  /** @throws {NoRoute} @throws {InvalidTarget} */
  async register(shard: string, slice: string): Promise<void> {
    await this.#inGroup(shard, async (TargetGroupArn) => {
      try {
        await this.#elb.send(new RegisterTargetsCommand({ TargetGroupArn, Targets: [targetOf(slice)] }));
      } catch (error) {
        if (nameOf(error).startsWith('InvalidTarget'))
          throw new InvalidTarget(`target ${slice} of shard ${shard}: ${(error as Error).message}`);
        throw error;
      }
    });
  }

  /** Nothing to do where the shard has no target group: nothing can be registered in it. */
  async deregister(shard: string, slice: string): Promise<void> {
    await this.#ifThere(shard, async (TargetGroupArn) => {
      await this.#elb.send(new DeregisterTargetsCommand({ TargetGroupArn, Targets: [targetOf(slice)] }));
    });
  }

  /** @throws {NoRoute} */
  async health(shard: string, slice: string): Promise<TargetHealth> {
    const seen = await this.#ifThere(shard, async (TargetGroupArn) => {
      const command = new DescribeTargetHealthCommand({ TargetGroupArn, Targets: [targetOf(slice)] });
      return (await this.#elb.send(command)).TargetHealthDescriptions?.[0];
    });
    return seen === undefined ? 'unused' : healthOf(shard, seen);
  }

  /** Every target of a shard's group, by slice id, in one call; what is not in it is `unused`. @throws {NoRoute} */
  async states(shard: string): Promise<Map<string, TargetHealth>> {
    const seen = await this.#ifThere(shard, async (TargetGroupArn) => {
      const { TargetHealthDescriptions } = await this.#elb.send(
        new DescribeTargetHealthCommand({ TargetGroupArn }),
      );
      return TargetHealthDescriptions;
    });
    return new Map(
      (seen ?? []).map((one) => [`${one.Target?.Id}:${one.Target?.Port}`, healthOf(shard, one)]),
    );
  }

  /** As {@link #inGroup}, where a target, a group or a route that is gone is an answer. */
  async #ifThere<T>(shard: string, work: (targetGroup: string) => Promise<T>): Promise<T | undefined> {
    try {
      return await this.#inGroup(shard, work);
    } catch (error) {
      const name = nameOf(error);
      if (error instanceof NoRoute) return undefined;
      if (name.startsWith('TargetGroupNotFound') || name.startsWith('InvalidTarget')) return undefined;
      throw error;
    }
  }

  /** A kept route may be that of a group which was replaced since: then it is read again, once. */
  async #inGroup<T>(shard: string, work: (targetGroup: string) => Promise<T>): Promise<T> {
    const kept = this.#routes.get(shard);
    const fresh = kept === undefined || kept.until <= this.#clock.now();
    const targetGroup = fresh ? await this.#read(shard) : kept.targetGroup;
    try {
      return await unthrottled(this.#clock, () => work(targetGroup));
    } catch (error) {
      if (!nameOf(error).startsWith('TargetGroupNotFound')) throw error;
      this.#routes.delete(shard);
      const again = fresh ? targetGroup : await this.#read(shard);
      if (again === targetGroup) throw error;
      return unthrottled(this.#clock, () => work(again));
    }
  }

  async #read(shard: string): Promise<string> {
    const route = await this.#table.get(PK.route, shard);
    const targetGroup = route?.targetGroup;
    if (typeof targetGroup !== 'string')
      throw new NoRoute(`shard ${shard} has no target group: run route-sync, which makes it`);
    this.#routes.set(shard, { targetGroup, until: this.#clock.now() + LIFE });
    return targetGroup;
  }
}

function targetOf(slice: string): TargetDescription {
  const { instance, port } = parseSliceId(slice);
  return { Id: instance, Port: port };
}

function healthOf(shard: string, { Target, TargetHealth: seen }: TargetHealthDescription): TargetHealth {
  switch (seen?.State) {
    case 'healthy':
    case 'unhealthy':
    case 'draining':
    case 'initial':
      return seen.State;
    // It fails its checks and drains; it gets no new requests.
    case 'unhealthy.draining':
      return 'draining';
    case 'unused':
      if (seen.Reason !== 'Target.NotInUse') return 'unused';
      throw new NoRoute(
        `target group of shard ${shard} is used by no listener, or not in the zone of ${Target?.Id}:${Target?.Port} (${seen.Reason}): run route-sync`,
      );
    // Checks are switched off or have not begun: no proof that it serves.
    default:
      return 'initial';
  }
}
