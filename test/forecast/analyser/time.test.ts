import { describe, expect, it } from 'vitest';
import { Analyser } from '../../../core/forecast/analyser/analyser.ts';
import { offsetOf } from '../../../core/forecast/calendar/zone.ts';
import { DAY, HOUR, type Seconds, WEEK } from '../../../core/time.ts';
import { daily, quantile } from '../series.ts';

const STEP = 600;
const POINTS = DAY / STEP;
const LEADS = [HOUR, 3 * HOUR];

describe('a gap of months', () => {
  // Monday midnight.
  const start = Date.UTC(2026, 0, 5) / 1000;
  const load = (time: Seconds) => 100 * (1 - 0.6 * Math.cos((2 * Math.PI * (time - start)) / DAY));

  it.each([
    ['of 100 days', 100 * DAY],
    ['of 200 days and half a night', 200 * DAY + 5 * HOUR],
    ['of a year and a day', 366 * DAY],
  ])('%s keeps the time of day', (_, gap) => {
    const analyser = new Analyser({ shard: 's', leads: LEADS, step: STEP });
    const gone = start + 5 * WEEK;
    for (let time = start; time < gone; time += STEP) analyser.observe({ time, load: load(time) });
    const back = gone + gap;
    for (let n = 0; n < 3; n++) analyser.observe({ time: back + n * STEP, load: load(back + n * STEP) });
    const now = back + 2 * STEP;
    const forecast = analyser.forecast(now, LEADS);
    expect(forecast.knownUntil).toBe(now);
    LEADS.forEach((ahead, at) => {
      expect(Math.abs(quantile(forecast, 0.5, at) / load(now + ahead) - 1)).toBeLessThan(0.1);
    });
    // A second gap, after which it still stands on the same grid.
    analyser.observe({ time: now + 10 * WEEK, load: load(now) });
    expect(analyser.knownUntil).toBe(now + 10 * WEEK);
    expect(quantile(analyser.forecast(now + 10 * WEEK, [HOUR]), 0.5) / load(now + HOUR)).toBeCloseTo(1, 0);
  });
});

describe('where clocks change', () => {
  /** Office hours in Berlin, with a steep beginning and end. */
  const berlin = offsetOf('Europe/Berlin');
  const office = (time: Seconds) => {
    const hour = (((time + berlin(time)) % DAY) + DAY) % DAY;
    return hour >= 8 * HOUR && hour < 18 * HOUR ? 100 : 20;
  };

  const alone = daily(1, { level: 1, noise: 0, perDay: POINTS });
  const noise = daily(24, { level: 1, noise: 0.02, perDay: POINTS }).map(
    (one, i) => one / alone[i % POINTS]!,
  );

  /** Mean errors of the median on the day before the change and on the day after it. */
  function errors(change: Seconds, offset?: (time: Seconds) => Seconds) {
    const start = change - 21 * DAY;
    const analyser = new Analyser({ shard: 's', leads: LEADS, step: STEP, ...(offset && { offset }) });
    const [before, after] = [0, 1].map(() => ({ sum: 0, count: 0 }));
    for (let i = 0; start + i * STEP < change + DAY; i++) {
      const time = start + i * STEP;
      analyser.observe({ time, load: office(time) * noise[i]! });
      if (time < change - DAY) continue;
      const forecast = analyser.forecast(time, LEADS);
      for (const [at, ahead] of LEADS.entries()) {
        const day = time + ahead < change ? before! : after!;
        day.sum += Math.abs(quantile(forecast, 0.5, at) - office(time + ahead));
        day.count += 1;
      }
    }
    return { before: before!.sum / before!.count, after: after!.sum / after!.count };
  }

  it.each([
    ['forward', Date.UTC(2026, 2, 29, 1) / 1000],
    ['back', Date.UTC(2026, 9, 25, 1) / 1000],
  ])('%s, the day after it is as any other in local time, and is not in UTC', (_, change) => {
    const local = errors(change, berlin);
    expect(local.after).toBeLessThan(2 * local.before);
    expect(errors(change).after).toBeGreaterThan(5 * local.after);
  });
});
