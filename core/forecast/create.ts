import { planningHorizons, TICK } from '../capacity/horizons.ts';
import type { Settings } from '../settings/schema.ts';
import { calendarOf } from './calendar/events.ts';
import { compose } from './compose.ts';
import type { Indicators, KeptForecaster } from './forecast.ts';
import { stateInside } from './unusual/watch.ts';

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
  const { forecaster } = made(settings, shard, indicators);
  if (state !== undefined) forecaster.restore(state);
  return forecaster;
}

/**
 * A new forecaster in place of one of which the state is of no use, to be fed from history: it knows what that one had
 * learned of the calendar, since history does not reach back to last year's events.
 * @throws {ForecasterStateError} when not even that can be read
 */
export function recreateForecaster(
  settings: Settings,
  shard: string,
  state: Uint8Array,
  indicators?: Indicators,
): KeptForecaster {
  const { forecaster, events } = made(settings, shard, indicators);
  events.remember(stateInside(state));
  return forecaster;
}

function made(settings: Settings, shard: string, indicators: Indicators | undefined) {
  const late = TICK + settings.metrics.delay;
  const leads = planningHorizons(settings).map((ahead) => ahead + late);
  const calendar = calendarOf(settings, shard);
  return compose({ shard, leads, calendar, indicators, withhold: settings.forecast.withhold });
}
