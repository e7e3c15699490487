import { type Forecast, type Horizon, LEVELS } from '../../core/forecast/forecast.ts';
import type { Seconds } from '../../core/time.ts';
import type { Coverage, ForecastNote } from '../report/run-record.ts';

const [Q10, Q90, Q99] = [0.1, 0.9, 0.99].map((level) => LEVELS.indexOf(level as (typeof LEVELS)[number])) as [
  number,
  number,
  number,
];

/** Follows the forecasts of one shard: how often they held at one horizon, and what carried and moved them. */
export class ForecastWatch {
  readonly #every: Seconds;
  readonly #said: ForecastNote[] = [];
  readonly #counts = { minutes: 0, below10: 0, above90: 0, above99: 0 };
  /** What may not be missed in the newest note: causes, and what is unusual. */
  #key = '';

  /** @param every seconds between two notes at least, unless another cause moves it or its load is unusual */
  constructor(every: Seconds) {
    this.#every = every;
  }

  /** @param load that came at the horizon's time; undefined: that is after the end */
  take(forecast: Forecast, { quantiles }: Horizon, load: number | undefined): void {
    this.#note(forecast);
    if (load === undefined) return;
    const counts = this.#counts;
    counts.minutes++;
    if (load < quantiles[Q10]!) counts.below10++;
    if (load > quantiles[Q90]!) counts.above90++;
    if (load > quantiles[Q99]!) counts.above99++;
  }

  #note({ at, method, moved = [], unusual }: Forecast): void {
    const last = this.#said.at(-1);
    const key = [...moved.map(({ cause }) => cause).sort(), unusual?.kind, unusual?.withheld].join('\n');
    if (last !== undefined && key === this.#key) {
      if (at - last.at < this.#every || (method === last.method && moved.length === 0)) return;
    }
    this.#key = key;
    this.#said.push({
      ...{ at, method },
      ...(moved.length > 0 && { moved }),
      ...(unusual !== undefined && { unusual }),
    });
  }

  finish(): { readonly coverage: Coverage; readonly said: readonly ForecastNote[] } {
    return { coverage: { ...this.#counts }, said: this.#said };
  }
}
