import type { Seconds } from '../../core/time.ts';
import { invalid } from './errors.ts';
import { type GroupMember, GroupModel, type GroupOptions } from './group.ts';
import { Lifecycle, type LifecycleWorld } from './lifecycle.ts';

/**
 * Auto Scaling groups (autoscaling/ec2/userguide):
 * - warm pool: ec2-auto-scaling-warm-pools, API_PutWarmPool. Size max(MinSize, prepared − desired); a start takes from
 *   it first.
 * - scale-in: ec2-auto-scaling-instance-protection, lambda-custom-termination-policy. Only unprotected ones; instances
 *   of the zone that has most are offered; what the policy names instead overrides it; with none it is asked again.
 *
 * *Assumed*: a group acts `reaction` seconds after a change, and a minute after it could not; a warm pool that is too
 * large ends its newest stopped ones; which stopped one a start takes is the newest.
 */
export interface AutoScalingWorld extends LifecycleWorld {
  readonly zones: readonly string[];
  readonly types: readonly string[];
  readonly boot: { readonly cold: Seconds; readonly warm: Seconds };
  readonly reaction: Seconds;
  /** Whether AWS has such an instance now. */
  readonly available: (group: string, zone: string) => boolean;
}

const AGAIN: Seconds = 60;

export class AutoScalingModel {
  readonly groups = new Map<string, GroupModel>();
  readonly lifecycle: Lifecycle;
  readonly #world: AutoScalingWorld;

  constructor(world: AutoScalingWorld) {
    this.#world = world;
    this.lifecycle = new Lifecycle(world, (group) => this.look(group));
  }

  add(options: GroupOptions): GroupModel {
    const group = new GroupModel(options);
    this.groups.set(options.name, group);
    this.look(group);
    return group;
  }

  get zones(): readonly string[] {
    return this.#world.zones;
  }

  /** @throws ValidationError as AWS has it. */
  group(name: string | undefined): GroupModel {
    const group = this.groups.get(name ?? '');
    if (group === undefined)
      throw invalid(`AutoScalingGroup name not found - AutoScalingGroup ${name} not found`);
    return group;
  }

  /** There at once, as a world begins: in service, or `Warmed:Stopped`. */
  seed(group: GroupModel, lifecycle: 'InService' | 'Warmed:Stopped' = 'InService'): GroupMember {
    const { ec2, zones } = this.#world;
    const zone = this.#emptiest(group, zones);
    const facts = { type: this.#typeOf(group), zone, spot: group.options.spot ?? false };
    const { id } = ec2.seed(facts, lifecycle === 'InService' ? 'running' : 'stopped');
    const member = this.lifecycle.join(group, id, zone, lifecycle);
    if (lifecycle === 'InService') {
      member.isProtected = true;
      group.desired += 1;
    }
    return member;
  }

  /** Something has changed: the group looks at itself soon. */
  look(group: GroupModel, after = this.#world.reaction): void {
    const { clock } = this.#world;
    const at = clock.now() + after;
    if (group.dueAt <= at) return;
    group.dueAt = at;
    clock.schedule(at, () => {
      if (group.dueAt !== at) return;
      group.dueAt = Number.POSITIVE_INFINITY;
      clock.wake();
      void this.#act(group);
    });
  }

  async #act(group: GroupModel): Promise<void> {
    const counted = group.counted();
    const missing = group.desired - counted.length;
    if (missing > 0) for (let i = 0; i < missing; i++) this.#bring(group);
    else if (missing < 0) await this.#scaleIn(group, counted, -missing);
    const warm = group.warm();
    const stock = group.stock();
    for (let i = warm.length; i < stock; i++) this.#launch(group, 'Warmed:Pending');
    const stopped = warm.filter(({ lifecycle }) => lifecycle === 'Warmed:Stopped').reverse();
    for (const member of stopped.slice(0, Math.max(0, warm.length - stock))) this.lifecycle.end(member);
  }

  #bring(group: GroupModel): void {
    const { ec2, boot } = this.#world;
    const isThere = ({ id, lifecycle }: GroupMember) =>
      lifecycle === 'Warmed:Stopped' && ec2.get(id)?.power === 'stopped';
    const warm = group.warm().filter(isThere).at(-1);
    if (warm === undefined) {
      this.#launch(group, 'Pending');
      return;
    }
    warm.lifecycle = 'Pending';
    warm.isWarm = true;
    ec2.start(warm.id, boot.warm);
  }

  #launch(group: GroupModel, lifecycle: 'Pending' | 'Warmed:Pending'): void {
    const { zones, available, ec2, boot } = this.#world;
    const { name, spot = false } = group.options;
    const open = zones.filter((zone) => available(name, zone));
    if (open.length === 0) {
      this.look(group, AGAIN);
      return;
    }
    const zone = this.#emptiest(group, open);
    const type = this.#typeOf(group);
    const { id } = ec2.launch({ type, zone, spot }, boot.cold);
    this.lifecycle.join(group, id, zone, lifecycle);
  }

  /**
   * LaunchInstances (API_LaunchInstances, launch-instances-synchronously): one zone, at once or not at all, and desired
   * capacity goes up with it. *Assumed*: never from the warm pool.
   */
  launchIn(group: GroupModel, zone: string, count: number): GroupMember[] | undefined {
    const { available, ec2, boot } = this.#world;
    const { name, spot = false } = group.options;
    if (!available(name, zone)) return undefined;
    group.desired += count;
    return Array.from({ length: count }, () => {
      const { id } = ec2.launch({ type: this.#typeOf(group), zone, spot }, boot.cold);
      return this.lifecycle.join(group, id, zone, 'Pending');
    });
  }

  async #scaleIn(group: GroupModel, counted: readonly GroupMember[], count: number): Promise<void> {
    const open = (id: string) => {
      const member = group.members.get(id);
      return member?.lifecycle === 'InService' && !member.isProtected ? member : undefined;
    };
    const perZone = Map.groupBy(counted, ({ zone }) => zone);
    const most = Math.max(...[...perZone.values()].map(({ length }) => length));
    const offered = counted
      .filter(({ id, zone }) => open(id) !== undefined && perZone.get(zone)!.length === most)
      .map(({ id }) => id);
    const named = group.options.policy === undefined ? offered : await group.options.policy(offered, count);
    const chosen = named.flatMap((id) => open(id) ?? []).slice(0, count);
    for (const member of chosen) {
      if (group.warmPool?.reuse && !group.options.spot) this.lifecycle.giveBack(member);
      else this.lifecycle.end(member);
    }
    if (chosen.length < count) this.look(group, AGAIN);
  }

  #typeOf(group: GroupModel): string {
    const { types } = this.#world;
    return types[group.options.spot ? group.members.size % types.length : 0]!;
  }

  #emptiest(group: GroupModel, zones: readonly string[]): string {
    const count = new Map(zones.map((zone) => [zone, 0]));
    for (const { zone } of group.members.values()) if (count.has(zone)) count.set(zone, count.get(zone)! + 1);
    return zones.reduce((best, zone) => (count.get(zone)! < count.get(best)! ? zone : best));
  }
}
