import { afterEach, describe, expect, it, vi } from 'vitest';
import { normals } from '../../../backtest/model/fill.ts';
import { Analyser } from '../../../core/forecast/analyser/analyser.ts';
import { Cycle } from '../../../core/forecast/analyser/cycle.ts';
import { pinball } from '../../../core/forecast/analyser/quantiles.ts';
import { LEVELS } from '../../../core/forecast/forecast.ts';
import { DAY, HOUR, MINUTE, type Seconds } from '../../../core/time.ts';
import { T0 } from '../series.ts';

const FAR = 17 * MINUTE;

const season = (time: Seconds) => 100 * (1 - 0.6 * Math.cos((2 * Math.PI * time) / DAY));
const during = (time: Seconds, period: Seconds, length: Seconds) => (time % period < length ? 1 : 0);

interface Case {
  readonly step: Seconds;
  readonly days: number;
  readonly more: (time: Seconds) => number;
}

function loads({ step, days, more }: Case): number[] {
  const normal = normals(5);
  return Array.from({ length: Math.round((days * DAY) / step) }, (_, i) =>
    Math.fround(Math.max(0, season(i * step) + more(i * step) + 5 * normal())),
  );
}

/** Sum of pinball losses over the last half, at each of the leads, and the last forecast. */
function play(values: readonly number[], step: Seconds) {
  const leads = [5 * MINUTE, Math.round(FAR / step) * step];
  const analyser = new Analyser({ shard: 's', step, leads });
  const losses = leads.map(() => 0);
  values.forEach((load, i) => {
    const time = T0 + i * step;
    analyser.observe({ time, load });
    // So that all phases are asked for: eleven is no part of any of these periods.
    if (i < values.length / 2 || i % 11 > 3) return;
    analyser.forecast(time, leads).horizons.forEach(({ ahead, quantiles }, k) => {
      const came = values[i + ahead / step];
      if (came !== undefined)
        for (const [j, level] of LEVELS.entries()) losses[k]! += pinball(level, quantiles[j]!, came);
    });
  });
  const { method } = analyser.forecast(T0 + values.length * step, leads);
  return { losses, method };
}

afterEach(() => vi.restoreAllMocks());

describe('the loss, over that of an analyser that looks for no cycle', () => {
  it.each<[string, Case, near: number, far: number, told: RegExp]>([
    ['7 min', { step: MINUTE, days: 2, more: (t) => 50 * during(t, 420, 120) }, 0.8, 0.55, /cycle of 7 min/],
    [
      '45 min',
      { step: MINUTE, days: 2, more: (t) => 100 * during(t, 2700, 300) },
      0.5,
      0.55,
      /cycle of 45 min/,
    ],
    [
      'a minute each hour',
      { step: MINUTE, days: 2, more: (t) => 300 * during(t, HOUR, 60) },
      0.65,
      0.65,
      /cycle of 60 min/,
    ],
    [
      '90 min',
      { step: 5 * MINUTE, days: 2, more: (t) => 80 * during(t, 5400, 900) },
      0.9,
      0.9,
      /cycle of 90 min/,
    ],
    [
      '100 min',
      { step: 5 * MINUTE, days: 10, more: (t) => 80 * during(t, 6000, 900) },
      0.75,
      0.75,
      /cycle of 100 min/,
    ],
    [
      '35 min',
      { step: 5 * MINUTE, days: 10, more: (t) => 80 * during(t, 2100, 600) },
      0.75,
      0.6,
      /cycle of 35 min/,
    ],
  ])('of %s', (_, one, near, far, told) => {
    const values = loads(one);
    const found = play(values, one.step);
    vi.spyOn(Cycle.prototype, 'look').mockImplementation(() => {});
    const without = play(values, one.step);
    const ratios = found.losses.map((loss, k) => loss / without.losses[k]!);
    expect(ratios[0]).toBeLessThan(near);
    expect(ratios[1]).toBeLessThan(far);
    expect(found.method).toMatch(told);
    expect(without.method).not.toMatch('cycle');
  });

  it('without a cycle is the same to the last bit', () => {
    const values = loads({ step: MINUTE, days: 2, more: () => 0 });
    const found = play(values, MINUTE);
    vi.spyOn(Cycle.prototype, 'look').mockImplementation(() => {});
    expect(found).toEqual(play(values, MINUTE));
  });
});

it('with a cycle, a restored analyser goes on to the last bit', () => {
  const values = loads({ step: MINUTE, days: 1.2, more: (t) => 50 * during(t, 420, 120) });
  const made = () => new Analyser({ shard: 's', leads: [MINUTE, 20 * MINUTE, 7 * HOUR] });
  const [whole, other] = [made(), made()];
  const cut = values.length - 300;
  values.forEach((load, i) => {
    const time = T0 + i * MINUTE;
    whole.observe({ time, load });
    if (i === cut) other.restore(whole.state());
    if (i <= cut) return;
    other.observe({ time, load });
    const [expected, said] = [whole, other].map((one) => one.forecast(time, [MINUTE, 20 * MINUTE, 7 * HOUR]));
    expect(said).toEqual(expected);
  });
  expect(whole.forecast(T0 + 2 * DAY, [MINUTE]).method).toMatch('cycle of 7 min');
  expect(other.state()).toEqual(whole.state());
});
