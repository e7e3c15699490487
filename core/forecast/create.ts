import { planningHorizons, TICK } from '../capacity/horizons.ts';
import type { Settings } from '../settings/schema.ts';
import { parseStamp } from '../settings/stamp.ts';
import { occasionsOf } from './calendar.ts';
import type { Forecaster } from './forecast.ts';
import { SeasonalForecaster } from './forecaster.ts';

/** The forecaster of one shard: errors are kept at the planner's horizons, as late as this service's metrics come. */
export function createForecaster(settings: Settings, shard: string): Forecaster {
  const late = TICK + settings.metrics.delay;
  const leads = planningHorizons(settings).map((ahead) => ahead + late);
  const occasions = occasionsOf(shard, settings.calendar, (stamp) => parseStamp(stamp)!);
  return new SeasonalForecaster({ shard, leads, occasions });
}
