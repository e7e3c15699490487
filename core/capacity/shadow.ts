import type { Forecast } from '../forecast/forecast.ts';
import type { Settings } from '../settings/schema.ts';
import type { Sizing } from './decide.ts';
import type { FleetIndex } from './fleet-index.ts';
import type { Leads } from './horizons.ts';
import type { Reason, Snapshot } from './plan.ts';
import { reasonFor } from './reason.ts';
import { type PlannedShard, plannedShards } from './shard-views.ts';

/** A shard in shadow as it stands, and as the plan would have it. In units. */
export interface Shadowed {
  readonly view: PlannedShard;
  readonly have: number;
  readonly want: number;
  /** Why, where that is not what it has. */
  readonly reason?: Reason;
}

/**
 * What the sizing rules would do with the shards in shadow, each for itself: as if all that they ask for were there.
 * No move and no action comes of it, and the rest of the plan does not see it.
 */
export function shadowed(
  snapshot: Snapshot,
  forecasts: ReadonlyMap<string, Forecast>,
  settings: Settings,
  index: FleetIndex,
  leads: Leads,
  sizing: Sizing,
): ReadonlyMap<string, Shadowed> {
  const views = plannedShards(snapshot, forecasts, settings, index, leads.ticks, 'shadow');
  const wanted = views.length === 0 ? [] : sizing.asIf(views);
  return new Map(
    views.map((view, s) => {
      const { serving, holding, floor, pressure } = view;
      const want = wanted[s]!;
      const known = { view, have: serving - holding.coming + holding.doomed, want };
      if (want === serving) return [view.settings.name, known];
      const grows = serving < floor ? 'guarantee' : pressure > 1 ? 'reactive' : 'forecast';
      const reason =
        want < serving
          ? reasonFor(view, 'release', 0, serving)
          : reasonFor(view, grows, leads.activate, serving);
      return [view.settings.name, { ...known, reason }];
    }),
  );
}
