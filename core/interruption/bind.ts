import type { ReservesSettings } from '../settings/reserves.ts';
import type { Exposure } from './exposure.ts';
import { isLarge } from './reserves.ts';
import { poolKey, type SliceRisk, type SpotPool } from './risk.ts';

/** A slice that is reserved, as far as it matters whom it can help. */
export interface Reserve {
  readonly slice: string;
  readonly zone: string;
  /** Absent: On-Demand. */
  readonly pool?: SpotPool;
  /** The shards that it is held for. */
  readonly shards: ReadonlySet<string>;
}

/**
 * Which reserve each slice at risk should go to. No two slices of one pool get the same one, nor two of which both are
 * announced to go; a slice keeps the reserve that it has (its copy may be under way), and the others get the one that is
 * least likely to be called for by somebody else.
 * @param before slice at risk → reserve, as it is
 * @returns slice at risk → reserve; what is left out has none
 */
export function bindReserves(
  exposures: readonly Exposure[],
  reserves: readonly Reserve[],
  before: ReadonlyMap<string, string>,
  settings: Pick<ReservesSettings, 'gbps'>,
): ReadonlyMap<string, string> {
  const bound = new Map<string, string>();
  const called = new Map<string, number>();
  const byPool = new Map<string, Set<string>>();
  const announcedUse = new Set<string>();
  const byId = new Map(reserves.map((one) => [one.slice, one]));

  const takenIn = ({ key }: Exposure) => {
    const taken = byPool.get(key) ?? new Set<string>();
    byPool.set(key, taken);
    return taken;
  };
  const helps = (reserve: Reserve, exposure: Exposure, { shard }: SliceRisk) =>
    reserve.shards.has(shard) &&
    (reserve.pool === undefined || poolKey(reserve.pool) !== exposure.key) &&
    !takenIn(exposure).has(reserve.slice) &&
    !(exposure.announced && announcedUse.has(reserve.slice));
  const bind = (reserve: Reserve, exposure: Exposure, { slice }: SliceRisk) => {
    bound.set(slice, reserve.slice);
    takenIn(exposure).add(reserve.slice);
    called.set(reserve.slice, (called.get(reserve.slice) ?? 0) + exposure.hazard);
    if (exposure.announced) announcedUse.add(reserve.slice);
  };

  // What is announced goes first: what is not can be bound anew.
  const order = [...exposures].sort((a, b) => Number(b.announced) - Number(a.announced));
  for (const keep of [true, false]) {
    for (const exposure of order) {
      for (const risk of exposure.slices) {
        if (bound.has(risk.slice)) continue;
        const had = keep ? byId.get(before.get(risk.slice) ?? '') : undefined;
        if (keep) {
          if (had !== undefined && helps(had, exposure, risk)) bind(had, exposure, risk);
          continue;
        }
        const near = isLarge(risk, settings) ? exposure.pool.zone : undefined;
        const rank = (one: Reserve) =>
          (announcedUse.has(one.slice) ? 4 : 0) + (near !== undefined && one.zone !== near ? 1 : 0);
        let best: Reserve | undefined;
        for (const one of reserves) {
          if (!helps(one, exposure, risk)) continue;
          if (best === undefined || rank(one) < rank(best)) best = one;
          else if (
            rank(one) === rank(best) &&
            (called.get(one.slice) ?? 0) < (called.get(best.slice) ?? 0) - 1e-12
          )
            best = one;
        }
        if (best !== undefined) bind(best, exposure, risk);
      }
    }
  }
  return bound;
}
