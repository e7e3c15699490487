import { Analyser } from '../../core/forecast/analyser/analyser.ts';
import { EXPERTS } from '../../core/forecast/analyser/experts/index.ts';
import { SAMPLES } from '../../core/forecast/analyser/samples/index.ts';
import { offsetOf } from '../../core/forecast/calendar/zone.ts';
import { compose } from '../../core/forecast/compose.ts';
import type { Indicators, KeptForecaster } from '../../core/forecast/forecast.ts';
import { HOUR, type Seconds } from '../../core/time.ts';

export interface UnderTest {
  readonly shard: string;
  readonly leads: readonly Seconds[];
  readonly step: Seconds;
  readonly indicators: Indicators;
}

const CALENDAR = { offset: offsetOf('UTC'), events: [] };

/** What the metrics are about. */
export const OURS = 'ours';

/** Experts and samples of ours, each a row of its own. */
export const PARTS: readonly string[] = [...new Set([...EXPERTS, ...SAMPLES].map(({ name }) => name))];

/** The whole as the `forecast` command makes it, or one of {@link PARTS} alone. @throws {RangeError} on any other name */
export function makeForecaster(name: string, options: UnderTest): KeptForecaster {
  if (name === OURS) return compose({ ...options, calendar: CALENDAR, withhold: HOUR }).forecaster;
  if (PARTS.includes(name)) return new Analyser({ ...options, only: name });
  throw new RangeError(`forecaster: expected one of ${[OURS, ...PARTS].join(', ')}, got ${name}`);
}
