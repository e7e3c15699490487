import type { Indicators } from '../../core/forecast/forecast.ts';
import { IndicatorSources, type Measured } from '../../core/forecast/indicators/sources.ts';
import type { LoadTrace } from '../load.ts';

/** Series that may lead a shard, by shard and name. Plain data: it goes to a worker as it is. */
export type NamedIndicators = ReadonlyMap<string, ReadonlyMap<string, Measured>>;

/** What may lead each shard of a trace: the others' sum, and what the user names. */
export function indicatorsOf(
  trace: LoadTrace,
  named: NamedIndicators = new Map(),
): (shard: string) => Indicators {
  const { start, step } = trace;
  const times = Float64Array.from(trace.values[0] ?? [], (_, i) => start + i * step);
  const loads = new Map(trace.shards.map((shard, s) => [shard, { times, values: trace.values[s]! }]));
  const sources = new IndicatorSources(loads, step);
  return (shard) => sources.of(shard, named.get(shard) ?? new Map());
}
