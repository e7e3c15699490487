import { describe, expect, it } from 'vitest';
import { normals } from '../../backtest/model/fill.ts';
import { calendarOf } from '../../core/forecast/calendar/events.ts';
import { compose } from '../../core/forecast/compose.ts';
import { settingsSchema } from '../../core/settings/schema.ts';
import { DAY, HOUR, type Seconds } from '../../core/time.ts';
import { type EventInput, iso, on } from './events.ts';
import { quantile, T0 } from './series.ts';

const STEP = 600;
const LAG = 2 * HOUR;
const DAYS = 27;
/** When the event is on that is looked at. */
const START = T0 + 24 * DAY + 10 * HOUR;
const HOURS = 8;

interface Scene {
  readonly event: Partial<EventInput>;
  readonly starts?: readonly Seconds[];
  /** Whether the indicator shows the event as the load does, only earlier. */
  readonly echo: boolean;
  readonly led?: boolean;
  readonly seed: number;
}

/** A load that is tripled by an event, and repeats what else an indicator shows two hours earlier. */
function made({ event, starts = [START], echo, led = true, seed }: Scene) {
  const normal = normals(seed);
  const times = Array.from({ length: DAYS * (DAY / STEP) }, (_, i) => T0 + i * STEP);
  let at = 0;
  const waves = new Map(
    times.map((time) => {
      at = 0.95 * at + 0.312 * normal();
      return [time, at];
    }),
  );
  const factor = (time: Seconds) => starts.reduce((all, from) => all * on(from, HOURS, 3)(time), 1);
  const season = (time: Seconds) => 1 - 0.6 * Math.cos((2 * Math.PI * (time - T0)) / DAY);
  const wave = (time: Seconds) => 1 + 0.2 * (waves.get(time) ?? 0);
  const load = new Map(
    times.map((time) => [
      time,
      Math.max(0, (100 * season(time) * wave(time - LAG) + 2 * normal()) * factor(time)),
    ]),
  );
  const queue = new Map(
    times.map((time) => [
      time,
      (20 * season(time) * wave(time) + 0.3 * normal()) * (echo ? factor(time + LAG) : 1),
    ]),
  );
  const settings = settingsSchema.parse({
    service: 'test',
    shards: [{ name: 's', capacity: { perInstance: 100 } }],
    fleet: { max: 10 },
    calendar: [{ name: 'sale', start: iso(starts[0]!), end: iso(starts[0]! + HOURS * HOUR), ...event }],
  });
  const composed = () =>
    compose({
      shard: 's',
      step: STEP,
      leads: [HOUR, LAG],
      calendar: calendarOf(settings, 's'),
      withhold: 0,
      indicators: led ? { names: ['queue'], at: (_, time) => queue.get(time) ?? Number.NaN } : undefined,
    }).forecaster;
  return { load, composed };
}

/** Mean of how far medians an hour and two ahead were off, as a share of the load: of targets in that time. */
function error(scene: Omit<Scene, 'seed'>, from: Seconds, to: Seconds): number {
  let [sum, count] = [0, 0];
  for (const seed of [1, 2]) {
    const { load, composed } = made({ ...scene, seed });
    const forecaster = composed();
    for (const [time, value] of load) {
      forecaster.observe({ time, load: value });
      for (const lead of [HOUR, LAG]) {
        if (time + lead < from || time + lead >= to) continue;
        sum += Math.abs(quantile(forecaster.forecast(time, [lead]), 0.5) / load.get(time + lead)! - 1);
        count += 1;
      }
    }
  }
  return sum / count;
}

const onset = [START, START + 2 * HOUR] as const;
const dayAfter = [START + DAY - 2 * HOUR, START + DAY + HOURS * HOUR] as const;

describe('an event, with an indicator that leads the load', () => {
  const weekly = {
    event: { factor: 3, repeat: 'weekly' },
    starts: [10, 17, 24].map((day) => START + (day - 24) * DAY),
  } as const;

  it.each([
    ['of known factor', { event: { factor: 3 } }],
    ['that comes weekly', weekly],
  ])('%s counts once, whether or not the indicator shows it', (_, event) => {
    const alone = error({ ...event, echo: false, led: false }, ...onset);
    for (const echo of [true, false]) expect(error({ ...event, echo }, ...onset)).toBeLessThan(1.15 * alone);
  });

  it('is not taken for usual at its time of day: the next day is forecast as well as any', () => {
    const event = { event: { factor: 3 }, echo: true };
    expect(error(event, ...dayAfter)).toBeLessThan(0.75 * error({ ...event, led: false }, ...dayAfter));
  });

  it('of which nothing is known is told of by the indicator', () => {
    const unknown = { event: { repeat: 'yearly' } } as const;
    const alone = error({ ...unknown, echo: true, led: false }, ...onset);
    expect(error({ ...unknown, echo: true }, ...onset)).toBeLessThan(0.7 * alone);
  });

  it('goes on exactly when it is put away before, in or after it', () => {
    const { load, composed } = made({ ...weekly, echo: true, seed: 4 });
    const cuts = [START - 3 * HOUR, START - HOUR, START + HOUR, START + 9 * HOUR];
    const whole = composed();
    let parts = composed();
    for (const [time, value] of load) {
      for (const one of [whole, parts]) one.observe({ time, load: Math.fround(value) });
      if (!cuts.includes(time)) continue;
      const state = parts.state();
      parts = composed();
      parts.restore(state);
    }
    const end = T0 + DAYS * DAY - STEP;
    expect(parts.forecast(end, [HOUR, LAG])).toEqual(whole.forecast(end, [HOUR, LAG]));
  });
});
