import type { Plan, ShardPlan } from '../core/capacity/plan.ts';
import type { Event } from '../core/ports.ts';
import type { Settings } from '../core/settings/schema.ts';
import { event } from './events.ts';

/** What is to be published of sizes that the plan wants otherwise than the plan before, in shadow too. */
export function scaledEvents(
  before: readonly Pick<ShardPlan, 'shard' | 'want'>[],
  { at, shards, moves }: Plan,
  settings: Settings,
): Event[] {
  const wanted = new Map(before.map(({ shard, want }) => [shard, want]));
  const perInstance = new Map(settings.shards.map(({ name, capacity }) => [name, capacity.perInstance]));
  return shards.flatMap(({ shard, want, have, coming, mode, reason }) => {
    // At a shard's first plan: what it had.
    const was = wanted.get(shard) ?? have + coming;
    if (Math.abs(want - was) <= SAME * want) return [];
    const per = perInstance.get(shard) ?? 1;
    const because = moves.find(({ from, to }) => isOf(from, shard) || isOf(to, shard))?.reason ?? reason;
    const rule = because?.rule ?? (want > was ? 'forecast' : 'release');
    return [
      event('ShardScaled', at, { shard, from: rounded(was / per), to: rounded(want / per), rule, mode }),
    ];
  });
}

const isOf = (end: Plan['moves'][number]['from' | 'to'], shard: string) =>
  end.kind !== 'ready' && end.shard === shard;

/** Plans are kept with five digits. */
const SAME = 1e-4;

/** Sums of shares are not quite whole. */
const rounded = (instances: number) => Math.round(instances * 1e6) / 1e6;
