import { normals } from '../../backtest/model/fill.ts';
import { Analyser } from '../../core/forecast/analyser/analyser.ts';
import { EventForecaster } from '../../core/forecast/calendar/event-forecaster.ts';
import { calendarOf } from '../../core/forecast/calendar/events.ts';
import {
  type Forecast,
  LEVELS,
  type LoadPoint,
  MEDIAN,
  type RestorableForecaster,
} from '../../core/forecast/forecast.ts';
import { type SettingsInput, settingsSchema } from '../../core/settings/schema.ts';
import { DAY, HOUR, type Seconds } from '../../core/time.ts';
import { quantile, STEP, T0 } from './series.ts';

export type EventInput = NonNullable<SettingsInput['calendar']>[number];

export type Calendar = Pick<SettingsInput, 'timeZone' | 'holidays'> & {
  readonly calendar?: readonly (Partial<EventInput> & { from?: Seconds; hours?: number })[];
  readonly inner?: RestorableForecaster;
};

export const iso = (time: Seconds) => new Date(time * 1000).toISOString();

/** What it was fed at the same time a day ago, within 5 %. */
export class Yesterday implements RestorableForecaster {
  readonly fed = new Map<Seconds, number>();
  knownUntil: Seconds | undefined;

  observe({ time, load }: LoadPoint): void {
    this.knownUntil = time;
    this.fed.set(time, load);
  }

  forecast(now: Seconds, aheads: readonly Seconds[]): Forecast {
    const known = this.knownUntil ?? Number.NEGATIVE_INFINITY;
    const horizons = aheads.map((ahead) => {
      let time = now + ahead - DAY;
      while (time > known) time -= DAY;
      const load = this.fed.get(time) ?? 0;
      return { ahead, quantiles: LEVELS.map((_, i) => load * (1 + (i - MEDIAN) / 100)) };
    });
    return { shard: 's', at: now, knownUntil: known, horizons, method: 'yesterday' };
  }

  get followedUntil(): Seconds | undefined {
    return this.knownUntil;
  }

  follow(): void {}

  state = () => new Uint8Array();
  restore(): void {}
}

export function forecasterOf({ calendar = [], inner, ...rest }: Calendar = {}): EventForecaster {
  const events = calendar.map(({ from = T0, hours = 1, ...event }) => ({
    name: 'sale',
    start: iso(from),
    end: iso(from + hours * HOUR),
    ...event,
  }));
  const settings = settingsSchema.parse({
    service: 'test',
    shards: [{ name: 's', capacity: { perInstance: 100 } }],
    fleet: { max: 10 },
    calendar: events,
    ...rest,
  });
  const leads = [STEP, HOUR, 2 * HOUR, 6 * HOUR];
  const own = inner ?? new Analyser({ shard: 's', leads, step: STEP });
  return new EventForecaster(own, 's', calendarOf(settings, 's'));
}

/** A daily season around 100, with little noise, times a factor. */
export function loads(days: number, factor: (time: Seconds) => number = () => 1, noise = 0.03): number[] {
  const normal = normals(7);
  return Array.from({ length: Math.round((days * DAY) / STEP) }, (_, i) => {
    const time = T0 + i * STEP;
    return usualAt(time) * factor(time) * Math.max(0, 1 + noise * normal());
  });
}

export const usualAt = (time: Seconds) => 100 * (1 - 0.6 * Math.cos((2 * Math.PI * (time - T0)) / DAY));

export function feed(
  forecaster: EventForecaster,
  values: readonly number[],
  from = 0,
  to = values.length,
): void {
  for (let i = from; i < to; i++) forecaster.observe({ time: T0 + i * STEP, load: values[i]! });
}

/** Medians over what is usual then, hour by hour from `from` on, as forecast from the newest point before it. */
export function medians(
  forecaster: EventForecaster,
  values: readonly number[],
  from: Seconds,
  aheads: readonly Seconds[],
) {
  const at = (from - T0) / STEP;
  feed(
    forecaster,
    values,
    forecaster.knownUntil === undefined ? 0 : (forecaster.knownUntil - T0) / STEP + 1,
    at,
  );
  const now = from - STEP;
  const made = forecaster.forecast(
    now,
    aheads.map((ahead) => ahead + STEP),
  );
  return aheads.map((ahead, i) => quantile(made, 0.5, i) / usualAt(from + ahead));
}

export const on = (from: Seconds, hours: number, factor: number) => (time: Seconds) =>
  time >= from && time < from + hours * HOUR ? factor : 1;
