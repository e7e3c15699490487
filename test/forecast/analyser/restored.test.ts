import { describe, expect, it } from 'vitest';
import { planningHorizons, TICK } from '../../../core/capacity/horizons.ts';
import { Analyser, type AnalyserOptions } from '../../../core/forecast/analyser/analyser.ts';
import type { Indicators } from '../../../core/forecast/forecast.ts';
import { parseSettings } from '../../../core/settings/parse.ts';
import { DAY, HOUR, MINUTE, type Seconds } from '../../../core/time.ts';
import { GOOD } from '../../settings/sample.ts';
import { daily, T0 } from '../series.ts';

const KIB = 1024;

/** A day that comes again, less at weekends. */
function weekly(days: number, step: Seconds): number[] {
  const perDay = DAY / step;
  return daily(days, { noise: 0.1, perDay }).map((load, i) =>
    Math.fround((Math.floor(i / perDay) % 7 >= 5 ? 0.4 : 1) * load),
  );
}

/**
 * Feeds one whole and the other with a change of hands after `days`; compares all forecasts of the next `after`.
 * @param only days that there are points of; the others are gaps. @default all
 */
function compare(
  options: Pick<AnalyserOptions, 'leads' | 'indicators' | 'offset'> & { step: Seconds },
  days: number,
  after: number,
  only = (_: number) => true,
): Analyser {
  const made = () => new Analyser({ shard: 's', ...options });
  const { step, leads } = options;
  const values = weekly(days + 8, step);
  const [whole, other] = [made(), made()];
  const cut = Math.round((days * DAY) / step);
  for (let i = 0; i < cut; i++)
    if (only(Math.floor((i * step) / DAY))) whole.observe({ time: T0 + i * step, load: values[i]! });
  other.restore(whole.state());
  for (let i = cut; i < cut + after; i++) {
    for (const one of [whole, other]) one.observe({ time: T0 + i * step, load: values[i]! });
    const [expected, said] = [whole, other].map((one) => one.forecast(T0 + i * step, leads));
    expect(said).toEqual(expected);
  }
  expect(other.state()).toEqual(whole.state());
  return whole;
}

const HOURLY = [HOUR, 6 * HOUR, DAY, 2 * DAY];

describe('a restored analyser goes on to the last bit', () => {
  it.each([
    ['after ten weeks of ten minutes', 70, 600, [600, HOUR, 2.5 * HOUR, DAY]],
    ['after ten weeks of hours', 70, HOUR, HOURLY],
    ['with leads of about a day, in minutes', 15, MINUTE, [MINUTE, DAY - 9 * MINUTE, DAY]],
    ['after a day', 1, MINUTE, [MINUTE, HOUR]],
  ] as const)('%s', (_, days, step, leads) => {
    compare({ leads, step }, days, 150);
  });

  it('with leading indicators, and clocks that change', () => {
    const signIns = weekly(40, 600);
    const indicators: Indicators = {
      names: ['sign-ins'],
      at: (_, time) => signIns[(time - T0) / 600 + 6] ?? Number.NaN,
    };
    const offset = (time: Seconds) => (time >= T0 + 21.2 * DAY ? HOUR : 0);
    const whole = compare({ leads: [600, HOUR, 6 * HOUR], step: 600, indicators, offset }, 21, 150);
    expect(whole.state().length).toBeLessThan(60 * KIB);
  });

  it('with the leads of the planner after nine weeks of minutes, in less than 92 KiB', () => {
    const settings = parseSettings(GOOD, 'shop.yaml');
    const leads = planningHorizons(settings).map((ahead) => ahead + TICK + settings.metrics.delay);
    const whole = compare(
      { leads, step: MINUTE },
      63,
      20,
      (day) => day < 2 || day === 28 || day === 55 || day === 62,
    );
    expect(whole.state().length).toBeLessThan(92 * KIB);
  });
});
