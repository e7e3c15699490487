import { Analyser } from '../../core/forecast/analyser/analyser.ts';
import { EXPERTS } from '../../core/forecast/analyser/experts/index.ts';
import { SAMPLES } from '../../core/forecast/analyser/samples/index.ts';
import type { KeptForecaster } from '../../core/forecast/forecast.ts';
import type { Seconds } from '../../core/time.ts';

export interface UnderTest {
  readonly shard: string;
  readonly leads: readonly Seconds[];
  readonly step: Seconds;
}

/** What the metrics are about. */
export const OURS = 'ours';

/** Experts and samples of ours, each a row of its own. */
export const PARTS: readonly string[] = [...new Set([...EXPERTS, ...SAMPLES].map(({ name }) => name))];

/** The whole, or one of {@link PARTS} alone. @throws {RangeError} on any other name */
export function makeForecaster(name: string, options: UnderTest): KeptForecaster {
  if (name === OURS) return new Analyser(options);
  if (PARTS.includes(name)) return new Analyser({ ...options, only: name });
  throw new RangeError(`forecaster: expected one of ${[OURS, ...PARTS].join(', ')}, got ${name}`);
}
