import { planningHorizons, TICK } from '../capacity/horizons.ts';
import type { Settings } from '../settings/schema.ts';
import { parseStamp } from '../settings/stamp.ts';
import { occasionsOf } from './calendar.ts';
import type { KeptForecaster } from './forecast.ts';
import { SeasonalForecaster } from './forecaster.ts';

/**
 * The forecaster of one shard: errors are kept at the planner's horizons, as late as this service's metrics come.
 * @param state what an earlier one of this shard put away
 * @throws {ForecasterStateError} when the state is of another version or other settings, or damaged.
 */
export function createForecaster(settings: Settings, shard: string, state?: Uint8Array): KeptForecaster {
  const late = TICK + settings.metrics.delay;
  const leads = planningHorizons(settings).map((ahead) => ahead + late);
  const occasions = occasionsOf(shard, settings.calendar, (stamp) => parseStamp(stamp)!);
  const forecaster = new SeasonalForecaster({ shard, leads, occasions });
  if (state !== undefined) forecaster.restore(state);
  return forecaster;
}
