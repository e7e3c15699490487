import { hoursAt } from '../../backtest/model/pareto.ts';
import { floorAt } from './floor.ts';
import { type Cell, OURS } from './study.ts';

/** What separates ours from the ideal at one unmet share, each a ratio of hours; absent where one of the two is missing. */
export interface Separation {
  readonly trace: string;
  readonly size: number;
  readonly share: number;
  /** The clairvoyant over instances that could be cut at will and moved for nothing: instances are whole, and moves cost. */
  readonly wholeInstances: number;
  /**
   * Ours with perfect forecasts over the clairvoyant's bound: our rules, the stock, and the bound's own gap. Absent
   * where it never gets down to the share: who is sure of the load keeps no stock for what comes otherwise.
   */
  readonly controller?: number;
  /** Ours over ours with perfect forecasts. */
  readonly uncertainty?: number;
  /** Ours over the clairvoyant: controller × uncertainty. */
  readonly oursOverClairvoyant?: number;
  /** Ours with the last delay over ours with the first; absent when there is one only. */
  readonly lateMetrics?: number;
}

/** Separations of each trace and size at each share. */
export function separationsOf(cells: readonly Cell[], shares: readonly number[]): Separation[] {
  return cells.flatMap((cell) =>
    shares.map((share, i) => {
      const bound = floorAt(cell.floor, share);
      const perfect = hoursAt(cell.perfect, share);
      const [ours, ...late] = cell.fronts.map((fronts) =>
        hoursAt(fronts.find(({ policy }) => policy === OURS)!.outcomes, share),
      );
      return {
        trace: cell.trace,
        size: cell.size,
        share,
        wholeInstances: bound / cell.fractional[i]!,
        ...ratio('controller', perfect, bound),
        ...ratio('uncertainty', ours, perfect),
        ...ratio('oursOverClairvoyant', ours, bound),
        ...ratio('lateMetrics', late.at(-1), ours),
      };
    }),
  );
}

function ratio(name: string, hours: number | undefined, over: number | undefined): Record<string, number> {
  return hours === undefined || over === undefined ? {} : { [name]: hours / over };
}
