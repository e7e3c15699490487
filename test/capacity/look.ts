import { lookAhead } from '../../core/capacity/look-ahead.ts';
import type { Plan } from '../../core/capacity/plan.ts';
import { modeOf } from '../../core/capacity/shard-views.ts';
import { slicesOf } from '../../core/shards/instance.ts';
import type { Slice } from '../../core/shards/slice.ts';
import type { Scene } from './scene.ts';

/** A scene and the plan made from it, looked at without the planner's own eyes. Sizes in instances of weight 1. */
export class Look {
  readonly scene: Scene;
  readonly plan: Plan;
  readonly slices = new Map<string, Slice>();
  readonly held: ReadonlySet<string>;
  readonly moved: ReadonlySet<string>;

  constructor(scene: Scene, plan: Plan) {
    this.scene = scene;
    this.plan = plan;
    for (const instance of scene.snapshot.instances)
      for (const slice of slicesOf(instance)) this.slices.set(slice.id, slice);
    this.held = new Set(scene.snapshot.held);
    this.moved = new Set(plan.moves.map(({ slice }) => slice));
  }

  get shards() {
    return this.scene.settings.shards.map((shard) => {
      const mode = modeOf(shard, this.scene.snapshot);
      const forecast = this.scene.forecasts.get(shard.name);
      return { ...shard, mode, forecast };
    });
  }

  get running() {
    return this.scene.snapshot.instances.filter((one) => one.state === 'running');
  }

  /** Ready slices that this plan leaves where they are. */
  get stayingReady(): Slice[] {
    const released = new Set(
      this.plan.fleet.flatMap((one) => (one.kind === 'release' ? [one.instance] : [])),
    );
    return this.running
      .filter(({ id, rebalanceAt }) => !released.has(id) && rebalanceAt === undefined)
      .flatMap(({ slices }) => slices)
      .filter(({ id, placement }) => placement.kind === 'ready' && !this.held.has(id) && !this.moved.has(id));
  }

  /** Active slices of a shard that nobody holds and Spot does not take, before the plan. */
  active(shard: string): Slice[] {
    return this.running
      .filter(({ rebalanceAt }) => rebalanceAt === undefined)
      .flatMap(({ slices }) => slices)
      .filter(
        ({ id, placement }) => placement.kind === 'active' && placement.shard === shard && !this.held.has(id),
      );
  }

  /** What a shard has once the plan is carried out: serving, on its way by workflow, by this plan, or waking up. */
  after(shard: string): number {
    const spared = this.active(shard).filter(({ id }) => !this.moved.has(id));
    const given = this.plan.moves.filter(({ to }) => to.kind === 'active' && to.shard === shard);
    const woken = this.plan.fleet.filter((one) => one.kind === 'wake' && one.shard === shard).length;
    return (
      sizeOf(spared) + sizeOf(given.map(({ slice }) => this.slices.get(slice)!)) + this.coming(shard) + woken
    );
  }

  private coming(shard: string): number {
    const slices = this.running.flatMap((one) => one.slices);
    return sizeOf(
      slices.filter(
        ({ placement: p }) =>
          (p.kind === 'activating' && p.shard === shard) || (p.kind === 'draining' && p.to === shard),
      ),
    );
  }

  /** Instances that run, start or end once the plan is carried out. */
  get size(): number {
    const counted = this.scene.snapshot.instances.filter(
      (one) =>
        one.state === 'running' ||
        one.state === 'draining' ||
        one.state === 'interrupted' ||
        (one.state === 'starting' && one.into === 'running'),
    ).length;
    const asked = this.scene.snapshot.openRequests.reduce((sum, { count }) => sum + count, 0);
    return counted + asked + this.started + this.plan.fleet.filter(({ kind }) => kind === 'wake').length;
  }

  get started(): number {
    return this.plan.fleet.reduce((sum, one) => sum + (one.kind === 'start' ? one.count : 0), 0);
  }

  /** Load of a shard that surely comes, at each tick ahead. */
  sure(shard: string): number {
    const forecast = this.scene.forecasts.get(shard);
    return forecast === undefined
      ? 0
      : Math.min(...lookAhead(forecast).ticks.map((load) => load.quantiles[0]!));
  }
}

export function sizeOf(slices: readonly Slice[]): number {
  return slices.reduce((sum, { share }) => sum + share, 0);
}
