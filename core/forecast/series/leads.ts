import type { Seconds } from '../../time.ts';

/**
 * Leads that forecasts at these horizons need, in seconds, ascending: a whole number of steps on either side of each
 * target. From origins on the grid, and for horizons of whole steps, that is one lead for each horizon. An origin off
 * the grid has its newest slot up to half a step after it, or nearly a step before.
 */
export function leadsFor(horizons: readonly Seconds[], step: Seconds, onGrid: boolean): Seconds[] {
  const [early, late] = onGrid ? [0, 0] : [0.5, 1];
  const leads = new Set<number>();
  for (const horizon of horizons) {
    const to = Math.max(1, Math.ceil(horizon / step + late));
    for (let lead = Math.max(1, Math.floor(horizon / step - early)); lead <= to; lead++) leads.add(lead);
  }
  return [...leads].sort((a, b) => a - b).map((lead) => lead * step);
}
