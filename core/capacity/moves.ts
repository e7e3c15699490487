import { Claims } from './claims.ts';
import type { Activation, Decision } from './decide.ts';
import type { Draft } from './draft.ts';
import type { Candidate } from './fleet-index.ts';
import type { Leads } from './horizons.ts';
import { gain } from './view.ts';

/** Reservations whose time is over, and that the plan does not keep, go back to the pool; those of shards in shadow are somebody else's. */
export function expiries(
  draft: Draft,
  touchable: (shard: string) => boolean,
  kept: ReadonlySet<string>,
): void {
  for (const candidate of draft.index.expired) {
    if (kept.has(candidate.slice.id) || draft.touched.has(candidate.slice.id)) continue;
    const { placement } = candidate.slice;
    if (draft.full || placement.kind !== 'reserved' || !touchable(placement.shard)) continue;
    if (!draft.mayMove(placement.shard)) continue;
    const why = `reserved for ${placement.shard} until ${placement.until}, and that is over`;
    const from = { kind: 'reserved', shard: placement.shard } as const;
    draft.add(candidate, from, { kind: 'ready' }, { rule: 'pool', considered: [why] });
  }
}

/**
 * Ready slices into service: guarantees first, then by priority and value, as decided; without any, what is reserved for
 * the shard. @returns the claims that are still open
 */
export function activations(draft: Draft, decision: Decision, leads: Leads): Activation[] {
  const had = draft.ready.size;
  const open: Activation[] = [];
  const claims = new Claims([...decision.activate, ...decision.wanting]);
  for (let claim = claims.next(); claim !== undefined; claim = claims.next()) {
    const { shard, value } = claim;
    const { holding, settings } = draft.shards[shard]!;
    // At its own bound a shard asks again in the next tick; the pool is not short for that.
    if (!draft.mayMove(settings.name)) continue;
    const accept = fits(draft, shard);
    if (draft.full || (draft.ready.size === 0 && holding.reserved.length === 0)) {
      open.push(claim);
      continue;
    }
    const reason = draft.reason(pressed(draft, claim), shard, leads.activate, draft.serving[shard]!, [
      `${had} ready in the pool`,
      `worth ${value.toFixed(2)} more in service than ready`,
    ]);
    // A reserve is for what is lost: it serves for load only where nothing else is ready.
    const chosen = draft.activate(shard, reason, accept) ?? draft.useReserved(shard, reason, accept);
    if (chosen === undefined) open.push(claim);
    else claims.met(claim, chosen.units);
  }
  return open;
}

/**
 * Slices that the forecast does not pay for: straight to a shard that wants one, else to the pool.
 * @param open claims that the pool did not meet. @returns those that are still open
 */
export function releases(
  draft: Draft,
  decision: Decision,
  open: readonly Activation[],
  leads: Leads,
): Activation[] {
  const claims = new Claims(open);
  const mayTake = ({ shard }: Activation) => draft.mayMove(draft.shards[shard]!.settings.name);
  decision.release.forEach((count, s) => {
    let left = count;
    while (left > 0 && !draft.full && draft.mayMove(draft.shards[s]!.settings.name)) {
      const chosen = draft.spare(s, left);
      if (chosen === undefined) return;
      let claim = claims.next();
      while (claim !== undefined && !mayTake(claim)) claim = claims.next();
      if (claim !== undefined && fits(draft, claim.shard)(chosen)) {
        const reason = draft.reason(
          pressed(draft, claim),
          claim.shard,
          leads.drain,
          draft.serving[claim.shard]!,
          ['the ready pool was empty', `given back by ${draft.shards[s]!.settings.name}`],
        );
        draft.giveBack(s, chosen, reason, claim.shard);
        claims.met(claim, chosen.units);
      } else {
        const reason = draft.reason('release', s, 0, draft.serving[s]!, [
          'keeping it until it is needed again costs more than a start',
        ]);
        draft.giveBack(s, chosen, reason);
      }
      left -= chosen.units;
    }
  });
  const still: Activation[] = [];
  for (let claim = claims.next(); claim !== undefined; claim = claims.next()) still.push(claim);
  return still;
}

/** Slices on instances that AWS recommends to leave, once their shard does without: nothing is asked for or on its way. */
export function evacuations(draft: Draft, decision: Decision): void {
  const short = new Set([...decision.activate, ...decision.wanting].map(({ shard }) => shard));
  draft.shards.forEach((shard, s) => {
    if (shard.holding.doomed === 0 || shard.holding.coming > 0 || short.has(s)) return;
    for (const candidate of shard.holding.leaving) {
      if (draft.full || !draft.mayMove(shard.settings.name)) return;
      const reason = draft.reason('interruption', s, 0, draft.serving[s]!, [
        'AWS recommends to leave its instance, and its replacement serves',
      ]);
      draft.evacuate(s, candidate, reason);
    }
  });
}

/**
 * Pre-emption. Only what neither the pool, nor released slices, nor starts can bring counts as contention; then a
 * guarantee takes from any shard above its own, and a slice that pays from a shard of lower priority.
 * @param open claims that nothing else met
 * @param coming units that starts and drained slices bring, for the first of them
 */
export function preemptions(draft: Draft, open: readonly Activation[], coming: number, leads: Leads): void {
  const owners = draft.shards.map((_, s) => s).filter((s) => draft.shards[s]!.mode === 'active');
  owners.sort((a, b) => draft.shards[a]!.priority - draft.shards[b]!.priority || a - b);
  const mayMove = (s: number) => draft.mayMove(draft.shards[s]!.settings.name);
  const spare = (s: number) =>
    mayMove(s) ? draft.spare(s, draft.serving[s]! - draft.shards[s]!.floor) : undefined;
  const claims = new Claims(open);
  let covered = coming;
  let first = 0;
  for (let claim = claims.next(); claim !== undefined && !draft.full; claim = claims.next()) {
    if (covered >= 1) {
      covered -= 1;
      continue;
    }
    if (!mayMove(claim.shard)) continue;
    const taker = draft.shards[claim.shard]!;
    const have = draft.serving[claim.shard]!;
    const guaranteed = have < Math.min(taker.floor, taker.settings.guarantee / draft.index.unit);
    if (!guaranteed && gain(taker, leads.drain, have) < 1) continue;
    while (first < owners.length && spare(owners[first]!) === undefined) first += 1;
    for (const s of owners.slice(first, first + MOST_ASKED)) {
      const owner = draft.shards[s]!;
      if (!guaranteed && owner.priority >= taker.priority) break;
      const chosen = s === claim.shard ? undefined : spare(s);
      if (chosen === undefined || !fits(draft, claim.shard)(chosen)) continue;
      const reason = draft.reason('pre-emption', claim.shard, leads.drain, have, [
        `no ready slice, and no start could bring one`,
        `taken from ${owner.settings.name}, which has more than its guarantee, at priority ${owner.priority} against ${taker.priority}`,
      ]);
      draft.giveBack(s, chosen, reason, claim.shard);
      claims.met(claim, chosen.units);
      break;
    }
  }
}

/** What only measured pressure asks for is named so; in hold, and where the size is held, an activation replaces a loss. */
function pressed(
  draft: Draft,
  { shard: s, rule }: Activation,
): 'guarantee' | 'forecast' | 'reactive' | 'replace' {
  const shard = draft.shards[s]!;
  if (shard.mode === 'hold' || (shard.holding.losing > 0 && rule === 'forecast')) return 'replace';
  if (shard.held !== undefined && shard.holding.losing + shard.holding.doomed > 0) return 'replace';
  if (rule === 'guarantee') return 'guarantee';
  return shard.pressure > 1 ? 'reactive' : 'forecast';
}

/** Slices that a shard may still take without exceeding its maximum. */
function fits(draft: Draft, s: number): (candidate: Candidate) => boolean {
  const room = draft.shards[s]!.ceiling - draft.serving[s]! + 1e-9;
  return ({ units }) => units <= room;
}

/** Owners asked in turn before a claim is put off to the next tick. */
const MOST_ASKED = 64;
