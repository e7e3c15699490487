import type { Draft } from './draft.ts';
import type { Host } from './fleet-index.ts';
import type { Leads } from './horizons.ts';

/**
 * Packs slices so that a whole instance comes free: the slices of the emptiest instance move to ready slices of
 * others. One instance per tick, and only when the pool has more than it should keep by a whole instance.
 */
export function consolidation(draft: Draft, surplus: number, leads: Leads): void {
  const { slicesPerInstance } = draft.settings.fleet;
  if (slicesPerInstance === 1 || surplus < slicesPerInstance || draft.freeHosts().length > 0 || draft.full)
    return;
  const moving = new Set(draft.moves.map(({ slice }) => slice));
  const host = emptiest(draft, moving);
  if (host === undefined) return;
  const own = host.slices.filter(({ placement }) => placement.kind === 'ready').length;
  if (draft.ready.size - own < host.used) return;
  const candidates = draft.shards.flatMap((shard, s) =>
    shard.holding.active.filter((one) => one.host === host).map((candidate) => ({ candidate, s })),
  );
  if (candidates.length !== host.used) return;
  for (const ready of [...draft.ready]) if (ready.host === host) draft.ready.remove(ready);
  for (const { candidate, s } of candidates) {
    const reason = draft.reason('consolidate', s, leads.activate, draft.serving[s]!, [
      `${host.instance.id} carries ${host.used} of ${slicesPerInstance} slices; the pool has ${Math.floor(surplus)} more than it needs`,
    ]);
    if (draft.activate(s, reason) === undefined) return;
    draft.giveBackThis(s, candidate, reason);
  }
}

/** The instance with the fewest used slices, all of them plain active ones. */
function emptiest(draft: Draft, moving: ReadonlySet<string>): Host | undefined {
  let best: Host | undefined;
  for (const host of draft.index.hosts) {
    if (host.held || host.used === 0 || host.used >= host.slices.length) continue;
    if (best !== undefined && host.used >= best.used) continue;
    const plain = ({ id, placement }: Host['slices'][number]) =>
      !moving.has(id) && (placement.kind === 'ready' || placement.kind === 'active');
    if (host.slices.every(plain)) best = host;
  }
  return best;
}
