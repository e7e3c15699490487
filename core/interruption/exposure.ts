import { poolKey, type SliceRisk, type SpotPool } from './risk.ts';

/** What of the service one Spot pool would take with it. */
export interface Exposure {
  readonly key: string;
  readonly pool: SpotPool;
  /** Most at stake first. */
  readonly slices: readonly SliceRisk[];
  /** AWS recommends to leave an instance of the pool, or takes one: the others follow within minutes. */
  readonly announced: boolean;
  /** Interruptions per second. */
  readonly hazard: number;
}

/** Most at stake first; the id decides between equals, so that every tick comes to the same order. */
export const byStake = (a: SliceRisk, b: SliceRisk) => b.score - a.score || (a.slice < b.slice ? -1 : 1);

const QUARTER = 900;
/** No probability is so near to 1 that nothing else counts. */
const MOST = 0.999;

/**
 * The slices at risk, by the pool that they go with: what is interrupted in a pool is nearly always interrupted together.
 * @param announced keys of the pools that {@link Exposure.announced} is true of
 */
export function exposuresOf(
  risks: readonly SliceRisk[],
  announced: ReadonlySet<string> = new Set(),
): Exposure[] {
  const byPool = new Map<string, SliceRisk[]>();
  for (const risk of risks) {
    if (risk.pool === undefined) continue;
    const key = poolKey(risk.pool);
    const its = byPool.get(key);
    if (its === undefined) byPool.set(key, [risk]);
    else its.push(risk);
  }
  return [...byPool.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, slices]) => {
      // The pool has lived as long as the oldest of them; what is announced of one is announced of all.
      const each = slices.map(({ likelihood }) => likelihood.within15);
      const within15 = announced.has(key) ? Math.max(...each) : Math.min(...each);
      return {
        key,
        pool: slices[0]!.pool!,
        slices: slices.sort(byStake),
        announced: announced.has(key),
        hazard: -Math.log(1 - Math.min(MOST, within15)) / QUARTER,
      };
    });
}
