import type { Group } from '../shards/instance.ts';
import type { Accept } from './choose.ts';
import type { Draft } from './draft.ts';
import type { Candidate, Host } from './fleet-index.ts';
import type { Leads } from './horizons.ts';
import type { Rule } from './plan.ts';

/**
 * Packs slices so that a whole instance comes free: the slices of the emptiest instance move to ready slices of
 * others. One instance per tick, and only when the pool has more than it should keep by a whole instance.
 */
export function consolidation(draft: Draft, surplus: number, leads: Leads): void {
  const { slicesPerInstance } = draft.settings.fleet;
  if (slicesPerInstance === 1 || surplus < slicesPerInstance || draft.freeHosts().length > 0 || draft.full)
    return;
  const [host] = plainHosts(draft)
    .filter(({ used, slices }) => used < slices.length)
    .sort(emptier);
  if (host === undefined) return;
  vacate(draft, host, 'consolidate', leads, [
    `${host.instance.id} carries ${host.used} of ${slicesPerInstance} slices; the pool has ${Math.floor(surplus)} more than it needs`,
  ]);
}

/**
 * Spot instances that were started for the mix take over from On-Demand ones, whole instances at a time: without
 * this the newcomers, being free, would be the first to be given back.
 */
export function mixSwaps(draft: Draft, surplus: number, leads: Leads): void {
  if (draft.settings.fleet.spotShare === 0) return;
  let swaps = Math.floor(surplus / draft.settings.fleet.slicesPerInstance);
  const spot = swaps > 0 ? draft.freeHosts().filter(({ instance }) => instance.group === 'spot') : [];
  if (spot.length === 0) return;
  const free = spot.map(sizeOf).sort((a, b) => a - b);
  for (const host of replaceable(draft).sort(emptier)) {
    if (swaps === 0 || draft.full) return;
    const fits = free.findIndex((size) => takesOver(size, sizeOf(host)));
    if (fits === -1) continue;
    const why = ['a Spot instance takes over from an On-Demand one'];
    if (!vacate(draft, host, 'mix', leads, why, 'spot')) return;
    free.splice(fits, 1);
    swaps -= 1;
  }
}

/** Share of one slice; those of one instance are equal. */
export const sizeOf = ({ slices }: Host): number => slices[0]?.share ?? 0;

/** Whether a slice of one size can stand in for one of another: a shard must not lose by it. */
export const takesOver = (size: number, other: number): boolean => size >= other - 1e-9;

/** Moves all that an instance carries to ready slices elsewhere. False where there are not enough. */
function vacate(
  draft: Draft,
  host: Host,
  rule: Rule,
  leads: Leads,
  considered: readonly string[],
  group?: Group,
): boolean {
  const carried = carriedBy(draft, host);
  const size = carried[0]?.candidate.units ?? 0;
  const accept: Accept = (one) =>
    one.host !== host &&
    (group === undefined
      ? one.units === size
      : one.host.instance.group === group && takesOver(one.units, size));
  if (carried.length !== host.used || !hasReady(draft, accept, host.used)) return false;
  if (draft.moves.length + 2 * carried.length > draft.settings.fleet.maxMovesPerTick) return false;
  for (const [s, its] of Map.groupBy(carried, (one) => one.s))
    if (!draft.mayMove(draft.shards[s]!.settings.name, 2 * its.length)) return false;
  draft.ready.remove(host);
  for (const { candidate, s } of carried) {
    const reason = draft.reason(rule, s, leads.activate, draft.serving[s]!, considered);
    draft.activate(s, reason, accept);
    draft.giveBack(s, candidate, reason);
  }
  return true;
}

function hasReady(draft: Draft, accept: Accept, count: number): boolean {
  let found = 0;
  for (const one of draft.ready) {
    if (accept(one)) found += 1;
    if (found >= count) return true;
  }
  return false;
}

function carriedBy(draft: Draft, host: Host): { candidate: Candidate; s: number }[] {
  const owners = new Set(
    host.slices.flatMap(({ placement }) => (placement.kind === 'active' ? [placement.shard] : [])),
  );
  return [...owners].flatMap((name) => {
    const s = draft.shardAt.get(name);
    if (s === undefined || draft.shards[s]!.mode !== 'active') return [];
    const { active } = draft.shards[s]!.holding;
    return active.filter((one) => one.host === host).map((candidate) => ({ candidate, s }));
  });
}

function emptier(a: Host, b: Host): number {
  return a.used - b.used || (a.instance.id < b.instance.id ? -1 : 1);
}

/** On-Demand instances that Spot ones could take over from. */
export function replaceable(draft: Draft): Host[] {
  return plainHosts(draft).filter(({ instance }) => instance.group === 'steady');
}

/**
 * Instances that could be emptied by one plan, which has not touched them: they carry nothing but ready slices and
 * active ones of shards that may be moved. In no order.
 */
function plainHosts(draft: Draft): Host[] {
  const most = draft.settings.fleet.maxMovesPerTick / 2;
  const plain = ({ id, placement }: Host['slices'][number]) => {
    if (draft.touched.has(id)) return false;
    if (placement.kind === 'ready') return true;
    const owner = placement.kind === 'active' ? draft.shardAt.get(placement.shard) : undefined;
    return owner !== undefined && draft.shards[owner]!.mode === 'active';
  };
  return draft.index.hosts.filter(
    // Declared parts of an instance differ in size, and stay where they were declared.
    ({ held, used, slices }) =>
      !held &&
      used > 0 &&
      used <= most &&
      slices.every((one) => plain(one) && one.share === slices[0]!.share),
  );
}
