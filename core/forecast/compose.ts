import type { Seconds } from '../time.ts';
import { Analyser } from './analyser/analyser.ts';
import { EventForecaster } from './calendar/event-forecaster.ts';
import type { ShardCalendar } from './calendar/events.ts';
import { offsetOf } from './calendar/zone.ts';
import type { Indicators } from './forecast.ts';
import { WatchedForecaster } from './unusual/watch.ts';

/** What the forecaster of one shard is made for. */
export interface Composition {
  readonly shard: string;
  /** Seconds between load points. @default 60 */
  readonly step?: Seconds;
  /** Distances (s) from the newest point at which errors are kept. */
  readonly leads: readonly Seconds[];
  readonly calendar: ShardCalendar;
  /** What may lead its load. @default nothing */
  readonly indicators?: Indicators | undefined;
  /** Longest stretch of unbelievable load that is withheld (s); 0 withholds nothing. */
  readonly withhold: Seconds;
}

/** The load analyser, fed without what events do, and without what cannot be. */
export function compose({ shard, step, leads, calendar, indicators, withhold }: Composition) {
  const own = { shard, ...(step !== undefined && { step }) };
  const analyser = new Analyser({
    ...own,
    leads,
    ...(calendar.offset !== offsetOf('UTC') && { offset: calendar.offset }),
    ...(indicators && {
      indicators: {
        names: indicators.names,
        at: (i, time) => indicators.at(i, time),
        ...(calendar.events.length > 0 && { isForeseen: (time) => events.foresees(time) }),
      },
    }),
  });
  const events: EventForecaster = new EventForecaster(analyser, shard, calendar);
  return { events, forecaster: new WatchedForecaster(events, { ...own, withhold }) };
}
