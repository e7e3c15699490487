import { describe, expect, it } from 'vitest';
import { type Answer, type Case, SCORED } from '../../bench/forecast/answers.ts';
import { forecastAugurs } from '../../bench/forecast/augurs.ts';
import { drawing } from '../../bench/forecast/draw.ts';
import { evenly } from '../../bench/forecast/evenly.ts';
import { accuracyMetrics, overBest, spanned } from '../../bench/forecast/metrics.ts';
import { play } from '../../bench/forecast/play.ts';
import { pinball, type Score, sameTimeOfDay, scoresOf } from '../../bench/forecast/score.ts';
import { originsOf, type Series } from '../../bench/forecast/sets.ts';
import { DAY, HOUR } from '../../core/time.ts';

const series = (values: readonly number[], rest: Partial<Series> = {}): Series => ({
  set: 'made',
  name: 's',
  step: HOUR,
  start: 1_767_571_200,
  values: Float64Array.from(values),
  horizons: [1, 24],
  others: { before: 0, values: new Float64Array(values.length).fill(Number.NaN) },
  ...rest,
});
const days = (count: number, height = 1) =>
  Array.from({ length: 24 * count }, (_, i) => height * (10 + (i % 24) + ((i * 7919) % 5)));
const sure = (load: number): number[] => SCORED.map(() => load);

describe('evenly', () => {
  it('spreads, and keeps what fewer were', () => {
    const [few, many] = [evenly(100, 1100, 8), evenly(100, 1100, 20)];
    expect(many.filter((one) => few.includes(one))).toEqual(few);
    const gaps = [100, ...many, 1100].map((one, i, all) => one - (all[i - 1] ?? one));
    expect(Math.max(...gaps)).toBeLessThan(100);
    expect(evenly(3, 6, 9)).toEqual([3, 4, 5]);
    expect(evenly(3, 3, 9)).toEqual([]);
  });

  it('is out of step with days', () => {
    const hours = evenly(0, 32 * 24, 32).map((hour) => hour % 24);
    expect(new Set(hours).size).toBeGreaterThan(12);
  });
});

describe('originsOf', () => {
  it('leaves the last part alone where the first is asked for, targets included', () => {
    const one = series(days(20));
    const [first, last] = [originsOf(one, 'first', 10), originsOf(one, 'last', 10)];
    expect(Math.min(...first)).toBeGreaterThanOrEqual(0.3 * 480);
    expect(Math.max(...first) + 24).toBeLessThanOrEqual(0.6 * 480);
    expect(Math.min(...last)).toBeGreaterThanOrEqual(0.6 * 480);
    expect(Math.max(...last) + 24).toBeLessThan(480);
  });
});

describe.each([
  ['ours', (one: Case) => play('ours', one)],
  ['augurs', ({ series: one, origins }: Case) => origins.map((origin) => forecastAugurs(one, origin))],
] as const)('%s', (_, ask) => {
  it('knows nothing of what comes after an origin', () => {
    const values = days(12);
    const origins = [150, 200];
    const garbled = values.map((value, i) => (i > 200 ? 1000 * value + i : value));
    expect(ask({ series: series(garbled), origins })).toEqual(ask({ series: series(values), origins }));
    const earlier = values.map((value, i) => (i > 150 ? Number.NaN : value));
    expect(ask({ series: series(earlier), origins })[0]).toEqual(ask({ series: series(values), origins })[0]);
  });

  it('foresees what comes every day', () => {
    const values = days(20).map((_, i) => 10 + (i % 24));
    const [answer] = ask({ series: series(values), origins: [24 * 19 - 5] });
    const truth = [1, 24].map((ahead) => values[24 * 19 - 5 + ahead]!);
    const wrong = answer!.map((quantiles, h) => Math.abs(quantiles[1]! - truth[h]!) / truth[h]!);
    expect(Math.max(...wrong)).toBeLessThan(0.15);
  });
});

it('plays on after a gap that no forecaster bridges', () => {
  const values = [...days(5), ...Array.from({ length: 24 * 30 }, () => Number.NaN), ...days(5)];
  const answers = play('ours', { series: series(values), origins: [24 * 38] });
  expect(answers[0]![0]![1]).toBeGreaterThan(0);
});

describe('scoresOf', () => {
  const answered = (one: Case, of: (load: number) => readonly number[]): Answer[] =>
    one.origins.map((origin) => one.series.horizons.map((ahead) => of(one.series.values[origin + ahead]!)));
  const score = (cases: readonly Case[], of: (load: number) => readonly number[]) =>
    scoresOf(cases, { forecaster: 'f', cases: cases.map((one) => answered(one, of)) });

  it('is nothing for what is sure and right, and grows with the error', () => {
    const one = { series: series(days(10)), origins: [150, 180] };
    for (const right of score([one], sure))
      expect(right).toMatchObject({ wql: 0, mase: 0, rwape: 0, points: 2 });
    const [near] = score([one], (load) => sure(load + 1));
    const [far] = score([one], (load) => sure(load + 3));
    expect(far!.wql).toBeCloseTo(3 * near!.wql);
    expect(far!.mase).toBeCloseTo(3 * near!.mase);
    expect(near!.coverage).toEqual([1, 1, 1, 1, 1]);
    expect(score([one], (load) => sure(load - 1))[0]!.coverage).toEqual([0, 0, 0, 0, 0]);
  });

  it('weighs an error below the .9 quantile nine times as much as one above it', () => {
    const only90 = (load: number) => [0, 0, load, 0, 0];
    expect(pinball(0, only90(1))).toBeCloseTo((2 / 5) * 0.1);
    expect(pinball(1, [1, 1, 0, 1, 1])).toBeCloseTo((2 / 5) * 0.9);
  });

  it('lets no series count more because its load is larger', () => {
    const small = { series: series(days(10)), origins: [150] };
    const large = { series: series(days(10, 1000)), origins: [150] };
    const [alone] = score([small], (load) => sure(1.1 * load));
    const [both] = score([small, large], (load) => sure(1.1 * load));
    expect(both!.wql).toBeCloseTo(alone!.wql);
    expect(both!.points).toBe(2);
  });

  it('leaves out targets that are missing', () => {
    const values = days(10);
    values[151] = Number.NaN;
    const [next, day] = score([{ series: series(values), origins: [150, 160] }], (load) => sure(load || 0));
    expect([next!.points, day!.points]).toEqual([1, 2]);
  });
});

describe('sameTimeOfDay', () => {
  it('takes the newest day that has it, never one after the origin', () => {
    const values = Array.from({ length: 96 }, (_, i) => i);
    expect(sameTimeOfDay(series(values), 60, 1)).toBe(37);
    expect(sameTimeOfDay(series(values), 60, 24)).toBe(60);
    expect(sameTimeOfDay(series(values), 60, 25)).toBe(37);
    values[37] = Number.NaN;
    expect(sameTimeOfDay(series(values), 60, 1)).toBe(13);
  });
});

describe('metrics', () => {
  const made = (set: string, forecaster: string, horizon: number, wql: number, points = 10): Score => ({
    ...{ set, forecaster, horizon, wql, points },
    ...{ mase: wql, wape: wql, rwape: wql, coverage: [0.1, 0.5, 0.9, 0.95, 0.99] },
  });
  const scores = ['a', 'b'].flatMap((set) => [
    made(set, 'ours', HOUR, 0.5),
    made(set, 'ours', DAY, 2),
    made(set, 'Naive', HOUR, set === 'a' ? 1 : 2),
    made(set, 'Naive', DAY, 1),
    made(set, 'MSTL', HOUR, set === 'a' ? 4 : 0.25),
  ]);

  it('compares with the peer that is best on each set, over the span', () => {
    expect(overBest(spanned(scores, '1h').get('b')!, ['Naive', 'MSTL'], (one) => one.wql)).toEqual({
      ratio: 2,
      peer: 'MSTL',
    });
    const metrics = accuracyMetrics(scores, scores.slice(0, 2), ['Naive', 'MSTL']);
    expect(metrics.wqlVsBestPeer1h).toBeCloseTo(Math.sqrt(0.5 * 2));
    expect(metrics.wqlVsBestPeer24h).toBeCloseTo(2);
    expect(metrics.worstSetWql).toBeCloseTo(2);
    expect(metrics).toMatchObject({ coverage90Min: 0.9, coverage90Max: 0.9, coverage99Min: 0.99 });
  });

  it('leaves out a peer that did not answer everywhere, and has no number without peers', () => {
    const partly = [...scores, made('b', 'AutoETS', HOUR, 0.01, 9)];
    expect(overBest(spanned(partly, '1h').get('b')!, ['AutoETS', 'Naive'], (one) => one.wql)?.peer).toBe(
      'Naive',
    );
    const alone = accuracyMetrics(scores, scores, []);
    expect(alone).not.toHaveProperty('wqlVsBestPeer1h');
    expect(alone.rwape1h).toBeCloseTo(0.5);
  });
});

it('draws every set, the best peer of each marked, and nothing that is no number', () => {
  const coverage = [0.1, 0.5, 0.9, 0.95, 0.99];
  const scores = ['a <b>', 'c'].flatMap((set) =>
    [HOUR, DAY].flatMap((horizon) =>
      ['ours', 'Naive', 'MSTL'].map((forecaster, i): Score => {
        const wql = i === 2 ? 1e30 : i + 1;
        return { set, forecaster, horizon, wql, mase: 1, wape: 1, rwape: 1, coverage, points: 9 };
      }),
    ),
  );
  const page = drawing(scores, ['Naive', 'MSTL']);
  expect(page).toContain('a &#60;b&#62;');
  expect(page.match(/class="best"/g)).toHaveLength(4);
  expect(page).not.toMatch(/NaN|Infinity|undefined/);
});
