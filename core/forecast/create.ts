import { planningHorizons, TICK } from '../capacity/horizons.ts';
import type { Settings } from '../settings/schema.ts';
import { Analyser } from './analyser/analyser.ts';
import { EventForecaster } from './calendar/event-forecaster.ts';
import { calendarOf } from './calendar/events.ts';
import { offsetOf } from './calendar/zone.ts';
import type { Indicators, KeptForecaster } from './forecast.ts';
import { WatchedForecaster } from './unusual/watch.ts';

/**
 * The forecaster of one shard: errors are kept at the planner's horizons, as late as this service's metrics come.
 * @param state what an earlier one of this shard put away
 * @param indicators what may lead its load. @default nothing
 * @throws {ForecasterStateError} when the state is of another version or other settings, or damaged.
 */
export function createForecaster(
  settings: Settings,
  shard: string,
  state?: Uint8Array,
  indicators?: Indicators,
): KeptForecaster {
  const late = TICK + settings.metrics.delay;
  const leads = planningHorizons(settings).map((ahead) => ahead + late);
  const inner = new EventForecaster(
    new Analyser({
      shard,
      leads,
      ...(settings.timeZone !== 'UTC' && { offset: offsetOf(settings.timeZone) }),
      ...(indicators && { indicators }),
    }),
    shard,
    calendarOf(settings, shard),
  );
  const forecaster = new WatchedForecaster(inner, { shard, withhold: settings.forecast.withhold });
  if (state !== undefined) forecaster.restore(state);
  return forecaster;
}
