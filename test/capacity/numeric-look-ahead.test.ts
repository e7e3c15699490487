import { describe, expect, it } from 'vitest';
import { lookAhead } from '../../core/capacity/look-ahead.ts';
import { type Forecast, LEVELS } from '../../core/forecast/forecast.ts';

/** Uniform quantiles that reach up to `top`, so that a forecast is one number per horizon. */
const reaching = (top: number) => Float64Array.from(LEVELS, (level) => level * top);

function forecast(tops: Record<number, number>): Forecast {
  const horizons = Object.entries(tops).map(([ahead, top]) => ({
    ahead: Number(ahead),
    quantiles: reaching(top),
  }));
  return { shard: 's', at: 0, knownUntil: 0, horizons, method: 'test' };
}

const top = (load: { median: number }) => 2 * load.median;

describe('looking ahead', () => {
  it('takes the horizons asked for, and straight lines between them', () => {
    const { ticks } = lookAhead(forecast({ 0: 100, 60: 110, 240: 140, 300: 200 }), 6);
    expect(ticks.map(top)).toEqual([100, 110, 120, 130, 140, 200].map((value) => expect.closeTo(value)));
  });

  it('goes between quantiles of one level, not between medians alone', () => {
    const { ticks } = lookAhead(forecast({ 0: 100, 120: 200 }), 3);
    LEVELS.forEach((level, i) => {
      expect(ticks[1]!.quantiles[i]).toBeCloseTo(150 * level);
    });
  });

  it('holds the first horizon before it and the last one after it', () => {
    const { ticks } = lookAhead(forecast({ 120: 10, 180: 20 }), 6);
    expect(ticks.map(top)).toEqual([10, 10, 10, 20, 20, 20].map((value) => expect.closeTo(value)));
  });

  it('of a single horizon is flat', () => {
    for (const ahead of [0, 90, 7200]) {
      const { ticks } = lookAhead(forecast({ [ahead]: 30 }));
      expect(ticks.map(top)).toEqual(new Array(12).fill(30));
    }
  });

  it('meets horizons that lie between ticks', () => {
    const { ticks } = lookAhead(forecast({ 30: 10, 90: 30, 150: 10 }), 4);
    expect(ticks.map(top)).toEqual([10, 20, 20, 10].map((value) => expect.closeTo(value)));
  });

  it('keeps what is farther than the ticks as it is, by minutes', () => {
    const { ticks, coarse } = lookAhead(forecast({ 0: 1, 600: 2, 660: 3, 720: 4, 9000: 5 }));
    expect(ticks).toHaveLength(12);
    expect(coarse.map(({ minutes, load }) => [minutes, top(load)])).toEqual([
      [12, 4],
      [150, 5],
    ]);
  });

  it('needs a horizon', () => {
    expect(() => lookAhead(forecast({}))).toThrow('forecast of s: expected at least one horizon, got none');
  });
});
