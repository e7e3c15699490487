import { describe, expect, it } from 'vitest';
import { Analyser } from '../../../core/forecast/analyser/analyser.ts';
import { Past } from '../../../core/forecast/analyser/past.ts';
import { eachDay } from '../../../core/forecast/analyser/samples/same-time.ts';
import { Seasons } from '../../../core/forecast/analyser/season.ts';
import { offsetOf } from '../../../core/forecast/calendar/zone.ts';
import { DAY, HOUR, MINUTE, type Seconds } from '../../../core/time.ts';
import { quantile } from '../series.ts';
import { Scene, series } from './scene.ts';

const at = (stamp: string) => Date.parse(stamp) / 1000;
const CHANGES = [
  ['Europe/Berlin', 'forward', at('2026-03-29T01:00:00Z')],
  ['Europe/Berlin', 'back', at('2026-10-25T01:00:00Z')],
  ['America/New_York', 'forward', at('2026-03-08T07:00:00Z')],
  ['America/New_York', 'back', at('2026-11-01T06:00:00Z')],
] as const;
const STEPS = [MINUTE, 15 * MINUTE, HOUR];
const ALL = CHANGES.flatMap((change) => STEPS.map((step) => [...change, step] as const));

describe('where clocks change', () => {
  it.each(ALL)(
    'in %s %s, the same time of earlier days is that of the clock (%d, step %d)',
    (zone, _, change, step) => {
      const offset = offsetOf(zone);
      const start = change - 12 * DAY;
      const timeOf = (index: number) => start + index * step;
      const clock = (index: number) => (((timeOf(index) + offset(timeOf(index))) % DAY) + DAY) % DAY;
      const shift = (a: number, b: number) => Math.round((offset(timeOf(a)) - offset(timeOf(b))) / step);
      const isTwiceOrNever = (index: number) => Math.abs(timeOf(index) - change) < 2 * HOUR;
      const past = new Past(step);
      const seasons = new Seasons(past, (2 * DAY) / step, shift);
      for (let target = change - 3 * HOUR; target < change + 3 * DAY; target += 20 * MINUTE) {
        const index = Math.round((target - start) / step);
        for (const lead of [
          step,
          DAY - HOUR,
          DAY - step,
          DAY,
          DAY + step,
          DAY + HOUR,
          DAY + 2 * HOUR,
          2 * DAY,
        ]) {
          const until = index - lead / step;
          const found = [0, 1, 2, 3].map((nth) => seasons.earlier(index, until, DAY / step, nth));
          expect(found[0]).toBeLessThanOrEqual(until);
          // One each day, the newest first: none twice, none left out. An hour that clocks skip is the one after it.
          for (const [nth, one] of found.entries()) {
            const isSkipped = Math.abs(timeOf(one) - change) < 2 * HOUR;
            if (!isSkipped) expect(clock(one)).toBe(clock(index));
            if (nth > 0) expect(Math.abs((found[nth - 1]! - one) * step - DAY)).toBeLessThanOrEqual(HOUR);
          }
          // Nor is there a newer one that is known.
          const newer = found[0]! + DAY / step;
          const wanted = [newer - HOUR / step, newer, newer + HOUR / step].filter(
            (i) => i <= until && i < index && !isTwiceOrNever(i) && clock(i) === clock(index),
          );
          expect(wanted).toEqual([]);
        }
      }
    },
  );

  it.each(ALL)(
    'in %s %s, moves of earlier days are those between the same clocks (%d, step %d)',
    (zone, _, change, step) => {
      const offset = offsetOf(zone);
      const start = change - 9 * DAY;
      const timeOf = (index: number) => start + index * step;
      const clock = (index: number) => timeOf(index) + offset(timeOf(index));
      const shift = (a: number, b: number) => Math.round((offset(timeOf(a)) - offset(timeOf(b))) / step);
      const isTwiceOrNever = (index: number) => Math.abs(timeOf(index) - change) < 2.5 * HOUR;
      const scene = new Scene({ step, farthest: (2 * DAY) / step, shift });
      scene.push(series((12 * DAY) / step, () => 1));
      let seen = 0;
      for (const lead of [HOUR, 6 * HOUR, DAY]) {
        for (let at = change - 2 * HOUR - lead; at < change + 2 * DAY; at += HOUR) {
          const index = (at - start) / step;
          const moment = scene.moment(lead / step, { index });
          eachDay(moment, (there, here) => {
            if ([there, here, moment.target, index].some(isTwiceOrNever)) return;
            expect(clock(there) - clock(here)).toBe(clock(moment.target) - clock(index));
            seen += 1;
          });
        }
      }
      expect(seen).toBeGreaterThan(1000);
    },
  );

  it.each(CHANGES)('in %s %s, a day ahead is forecast by the clock (%d)', (zone, _, change) => {
    const offset = offsetOf(zone);
    const load = (time: Seconds) => {
      const hour = ((time + offset(time)) % DAY) / HOUR;
      const isOpen = hour >= 8 && hour < 18;
      return (
        (60 + (isOpen ? 100 : 0) + 20 * Math.sin((hour / 12) * Math.PI)) * (1 + ((time / HOUR) % 7) / 300)
      );
    };
    const analyser = new Analyser({ shard: 's', step: HOUR, leads: [DAY], offset });
    let off = 0;
    for (let time = change - 15 * DAY; time < change; time += HOUR) {
      analyser.observe({ time, load: load(time) });
      if (time < change - DAY) continue;
      off += Math.abs(quantile(analyser.forecast(time, [DAY]), 0.5) / load(time + DAY) - 1) / 24;
    }
    expect(off).toBeLessThan(0.05);
  });
});
