import type { FleetAction, Move, Plan, Reason } from '../../core/capacity/plan.ts';
import { type Instance, slicesOf } from '../../core/shards/instance.ts';
import type { Slice } from '../../core/shards/slice.ts';
import type { Planner } from '../../flows/tick.ts';

/**
 * Just enough of a planner for the flows and the world: each shard gets what its newest load × 1.25 needs, from ready
 * slices or by starts; the rest goes back; idle instances above a pool of two are released to warm.
 */
export const naivePlanner: Planner = (snapshot, _forecasts, settings, now): Plan => {
  const moves: Move[] = [];
  const fleet: FleetAction[] = [];
  const held = new Set(snapshot.held);
  const steady = snapshot.instances.filter((i) => i.state === 'running' && i.rebalanceAt === undefined);
  const slices = steady.flatMap(slicesOf);
  const ready = slices.filter(({ id, placement }) => placement.kind === 'ready' && !held.has(id));
  const reason = (rule: Reason['rule']): Reason => ({ rule });
  const add = (slice: Slice, from: Move['from'], to: Move['to'], rule: Reason['rule']) =>
    moves.push({ id: `${now}-${slice.id}`, slice: slice.id, from, to, reason: reason(rule) });

  const byShard = new Map<string, Slice[]>();
  for (const slice of slices) {
    const { placement: p } = slice;
    const shard = p.kind === 'ready' ? undefined : p.kind === 'draining' ? p.to : p.shard;
    if (shard !== undefined) byShard.set(shard, [...(byShard.get(shard) ?? []), slice]);
  }
  let wanted = 0;
  for (const { name, capacity, guarantee } of settings.shards) {
    const { load = 0 } = snapshot.measured.find(({ shard }) => shard === name) ?? {};
    const mine = byShard.get(name) ?? [];
    const has = mine.reduce((sum, { share }) => sum + share, 0);
    let lack = Math.max(guarantee, (load * 1.25) / capacity.perInstance) - has;
    while (lack > 1e-9 && ready.length > 0) {
      const slice = ready.shift() as Slice;
      add(slice, { kind: 'ready' }, { kind: 'active', shard: name }, 'reactive');
      lack -= slice.share;
    }
    if (lack > 1e-9) wanted += Math.ceil(lack);
    for (const slice of mine) {
      if (slice.placement.kind !== 'active' || held.has(slice.id) || -lack < slice.share) continue;
      add(slice, { kind: 'active', shard: name }, { kind: 'ready' }, 'release');
      lack += slice.share;
    }
  }
  const count = (...states: Instance['state'][]) =>
    snapshot.instances.filter(({ state }) => states.includes(state)).length;
  const room = settings.fleet.max - count('running', 'starting', 'draining', 'interrupted');
  const starts = Math.min(room, wanted - count('starting'));
  const spot = Math.round(starts * settings.fleet.spotShare);
  if (spot > 0) fleet.push({ kind: 'start', group: 'spot', count: spot, reason: reason('reactive') });
  if (starts - spot > 0)
    fleet.push({ kind: 'start', group: 'steady', count: starts - spot, reason: reason('reactive') });
  const taken = new Set([...held, ...moves.map(({ slice }) => slice)]);
  const idle = steady.filter(
    (i) =>
      slicesOf(i).length > 0 &&
      slicesOf(i).every(({ id, placement }) => placement.kind === 'ready' && !taken.has(id)),
  );
  for (const { id, group } of wanted > 0 ? [] : idle.slice(2))
    fleet.push({
      kind: 'release',
      instance: id,
      to: group === 'spot' ? 'retired' : 'warm',
      reason: reason('pool'),
    });
  return {
    at: now,
    moves,
    fleet,
    desired: { steady: 0, spot: 0, warm: 0 },
    pool: { target: 2, ready: ready.length, bound: settings.readyPool.max },
    shards: [],
    findings: [],
  };
};
