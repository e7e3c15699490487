import type { Activation, Decision } from './decide.ts';
import type { Draft } from './draft.ts';
import type { Leads } from './horizons.ts';
import { gain } from './view.ts';

/** Ready slices into service: reserved ones and guarantees first, then by priority and value, as decided. */
export function activations(draft: Draft, decision: Decision, leads: Leads): void {
  const had = draft.ready.size;
  for (const { shard, rule, value } of decision.activate) {
    if (draft.full) return;
    const serving = draft.serving[shard]!;
    const considered = [`${had} ready in the pool`, `worth ${value.toFixed(2)} more in service than ready`];
    draft.activate(
      shard,
      draft.reason(pressed(draft, shard, rule), shard, leads.activate, serving, considered),
    );
  }
}

/** Slices that the forecast does not pay for: straight to a shard that wants one, else to the pool. */
export function releases(draft: Draft, decision: Decision, leads: Leads): void {
  const wanting = decision.wanting.slice();
  decision.release.forEach((count, s) => {
    let left = count;
    while (left > 0 && !draft.full) {
      const serving = draft.serving[s]!;
      const next = nextTaker(draft, wanting, s);
      const why = draft.reason('release', s, 0, serving, [
        'keeping it until it is needed again costs more than a start',
      ]);
      const reason =
        next === undefined
          ? why
          : draft.reason(
              pressed(draft, next.shard, next.rule),
              next.shard,
              leads.drain,
              draft.serving[next.shard]!,
              ['the ready pool was empty', `given back by ${draft.shards[s]!.settings.name}`],
            );
      const moved = draft.giveBack(s, next?.shard, reason, left);
      if (moved === undefined) return;
      left -= moved.units;
    }
  });
}

/** Slices on instances that AWS recommends to leave, once their shard does without: nothing is asked for or on its way. */
export function evacuations(draft: Draft, decision: Decision): void {
  const short = new Set([...decision.activate, ...decision.wanting].map(({ shard }) => shard));
  draft.shards.forEach((shard, s) => {
    if (shard.holding.doomed === 0 || shard.holding.coming > 0 || short.has(s)) return;
    for (const candidate of shard.holding.active.filter(
      ({ host }) => host.instance.rebalanceAt !== undefined,
    )) {
      if (draft.full) return;
      if (draft.touched.has(candidate.slice.id)) continue;
      const reason = draft.reason('interruption', s, 0, draft.serving[s]!, [
        'AWS recommends to leave its instance, and its replacement serves',
      ]);
      draft.giveBackThis(s, candidate, reason);
      draft.serving[s]! += candidate.units;
    }
  });
}

/**
 * Pre-emption. Only what neither the pool, nor released slices, nor starts can bring counts as contention; then a
 * guarantee takes from any shard above its own, and a slice that pays from a shard of lower priority.
 */
export function preemptions(draft: Draft, decision: Decision, coming: number, leads: Leads): void {
  const owners = draft.shards.map((_, s) => s).filter((s) => draft.shards[s]!.mode === 'active');
  owners.sort((a, b) => draft.shards[a]!.priority - draft.shards[b]!.priority || a - b);
  const mayGive = (s: number) => draft.serving[s]! - 1 >= draft.shards[s]!.floor - 1e-9;
  let covered = coming;
  let first = 0;
  for (const want of decision.wanting) {
    if (covered >= 1) {
      covered -= 1;
      continue;
    }
    if (draft.full) return;
    const taker = draft.shards[want.shard]!;
    const have = draft.serving[want.shard]!;
    const guaranteed = have < Math.min(taker.floor, taker.settings.guarantee / draft.index.unit);
    if (!guaranteed && gain(taker, leads.drain, have) < 1) continue;
    while (first < owners.length && !mayGive(owners[first]!)) first += 1;
    let from: number | undefined;
    for (let i = first; i < owners.length && from === undefined; i++) {
      const s = owners[i]!;
      if (!guaranteed && draft.shards[s]!.priority >= taker.priority) break;
      if (s !== want.shard && mayGive(s)) from = s;
    }
    if (from === undefined) continue;
    const owner = draft.shards[from]!;
    const reason = draft.reason('pre-emption', want.shard, leads.drain, have, [
      `no ready slice, and no start could bring one`,
      `taken from ${owner.settings.name}, which has more than its guarantee, at priority ${owner.priority} against ${taker.priority}`,
    ]);
    draft.giveBack(from, want.shard, reason, draft.serving[from]! - owner.floor);
  }
}

/** What only measured pressure asks for is named so; in hold every activation replaces a loss. */
function pressed(
  draft: Draft,
  s: number,
  rule: Activation['rule'],
): 'guarantee' | 'forecast' | 'reactive' | 'replace' {
  const shard = draft.shards[s]!;
  if (shard.mode === 'hold' || (shard.holding.losing > 0 && rule === 'forecast')) return 'replace';
  if (rule === 'guarantee') return 'guarantee';
  return shard.pressure > 1 ? 'reactive' : 'forecast';
}

function nextTaker(draft: Draft, wanting: Activation[], giver: number): Activation | undefined {
  while (wanting.length > 0) {
    const next = wanting.shift()!;
    if (next.shard !== giver && draft.serving[next.shard]! < draft.shards[next.shard]!.ceiling) return next;
  }
  return undefined;
}
