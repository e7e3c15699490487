import type { Move } from '../../core/capacity/plan.ts';
import type { Placement } from '../../core/shards/placement.ts';
import { parseSliceId } from '../../core/shards/slice.ts';
import type { Seconds } from '../../core/time.ts';
import type { AgentsOnHosts } from './agents.ts';
import type { Placed, Stage } from './stage.ts';

/** Carries out one move of a plan. */
export function carryOut(
  stage: Stage,
  agents: AgentsOnHosts,
  { slice, from, to }: Move,
  since: Seconds,
): void {
  const placed = stage.slices.get(slice);
  if (placed === undefined || placed.busy) return;
  const { activate, drain } = stage.settings.fleet.leadTimes;
  const put = (placement: Placement) => {
    placed.placement = placement;
  };
  const after = (seconds: Seconds, next: () => void) => {
    const { placement } = placed;
    stage.clock.schedule(since + seconds, () => {
      if (stage.slices.get(slice) === placed && placed.placement === placement) next();
    });
  };
  const enter = (shard: string) => {
    put({ kind: 'activating', since: stage.clock.now(), shard });
    const { placement } = placed;
    stage.clock.schedule(stage.clock.now() + activate.seconds, () => {
      if (placed.placement !== placement) return;
      put({ kind: 'active', since: stage.clock.now(), shard });
      const { instance } = parseSliceId(slice);
      if (stage.isAnnounced(instance)) agents.sees(instance);
    });
  };
  if (to.kind === 'reserved') put({ ...to, since });
  else if (from.kind !== 'active') {
    if (to.kind === 'active') enter(to.shard);
    else free(stage, slice, placed);
  } else {
    // A planned hand-over to the shard's other slices, without a deadline of its own.
    const copy = stage.copies.bySource.get(slice);
    if (copy !== undefined) return;
    put({ kind: 'draining', since, shard: from.shard, ...(to.kind === 'active' && { to: to.shard }) });
    stage.moving.add(placed.placement);
    const { placement } = placed;
    after(Math.max(drain.seconds, stage.copies.planned(from.shard)), () => {
      stage.moving.delete(placement);
      const on = stage.fleet.get(parseSliceId(slice).instance);
      if (on?.state === 'interrupted') stage.tally.handedOver += 1;
      else if (on !== undefined && stage.rebalancedAt.has(on.id)) stage.tally.early();
      if (to.kind === 'active') enter(to.shard);
      else free(stage, slice, placed);
    });
  }
}

function free(stage: Stage, slice: string, placed: Placed): void {
  placed.placement = { kind: 'ready', since: stage.clock.now() };
  const { instance } = parseSliceId(slice);
  if (stage.slicesOn(instance).every(([, one]) => one.placement.kind === 'ready'))
    stage.fleet.unused(instance);
}
