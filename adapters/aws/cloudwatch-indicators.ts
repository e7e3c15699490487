import type { LoadPoint } from '../../core/forecast/forecast.ts';
import { metricLag } from '../../core/settings/metric-lag.ts';
import type { Settings } from '../../core/settings/schema.ts';
import { MINUTE, type Seconds } from '../../core/time.ts';
import type { Ask, Metric } from './cloudwatch-asks.ts';
import { windowsOf } from './cloudwatch-history.ts';
import { type CloudWatch, readMetrics } from './cloudwatch-read.ts';

export interface CloudWatchIndicatorsParts extends CloudWatch {
  readonly settings: Settings;
}

/** A forecast can wait for so long. */
const PATIENCE: Seconds = 2 * MINUTE;
/** A minute is complete so long after its end, wherever the load itself comes from. */
const SETTLED: Seconds = MINUTE;

/**
 * The metrics that the settings name as indicators, from CloudWatch. A metric that several shards share is asked for
 * once; one question covers any stretch that is kept at one period, so each run asks for each metric once.
 */
export class CloudWatchIndicators {
  readonly #parts: CloudWatchIndicatorsParts;

  constructor(parts: CloudWatchIndicatorsParts) {
    this.#parts = parts;
  }

  /**
   * What was measured with `from < time ≤ to`: by shard, by name, ascending. Coarse points are stamped with the last
   * minute that they cover, because they are not known before.
   * @throws {OutOfTime} when throttled for minutes, and what CloudWatch refuses
   */
  async read(
    shards: readonly string[],
    from: Seconds,
    to: Seconds,
  ): Promise<ReadonlyMap<string, ReadonlyMap<string, readonly LoadPoint[]>>> {
    const { settings, clock } = this.#parts;
    const wanted = settings.shards.filter(
      ({ name, indicators }) => shards.includes(name) && indicators.length > 0,
    );
    const asks = new Map<string, Ask>();
    for (const { name: of, indicators } of wanted)
      for (const { name: _, ...metric } of indicators) {
        const key = keyOf(metric);
        if (!asks.has(key)) asks.set(key, { of, what: 'indicator', metric });
      }
    const points = new Map<string, LoadPoint[]>([...asks.keys()].map((key) => [key, []]));
    const now = clock.now();
    const known = Math.floor((now - Math.max(SETTLED, metricLag(settings))) / MINUTE) * MINUTE;
    for (const window of windowsOf(from, to, now, known)) {
      const answers = await readMetrics(this.#parts, [...asks.values()], window, now + PATIENCE);
      const late = window.period - MINUTE;
      for (const [key, ask] of asks)
        for (const { time, load } of answers.get(ask)?.points ?? [])
          points.get(key)!.push({ time: time + late, load });
    }
    return new Map(
      wanted.map(({ name: shard, indicators }) => [
        shard,
        new Map(indicators.map(({ name, ...metric }) => [name, points.get(keyOf(metric))!])),
      ]),
    );
  }
}

/** The same for the same metric, in whatever order its dimensions stand. */
function keyOf({ dimensions, ...metric }: Metric): string {
  return JSON.stringify([Object.entries(metric).sort(), Object.entries(dimensions).sort()]);
}
