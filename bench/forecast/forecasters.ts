import type { KeptForecaster } from '../../core/forecast/forecast.ts';
import { SeasonalForecaster } from '../../core/forecast/forecaster.ts';
import type { Seconds } from '../../core/time.ts';

export interface UnderTest {
  readonly shard: string;
  readonly leads: readonly Seconds[];
  readonly step: Seconds;
}

/** What the metrics are about. */
export const OURS = 'ours';

/** Forecasters of ours, each a row: the whole, then its experts one by one. */
export const FORECASTERS: Readonly<Record<string, (options: UnderTest) => KeptForecaster>> = {
  [OURS]: (options) => new SeasonalForecaster(options),
};
