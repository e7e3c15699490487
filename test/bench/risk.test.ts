import { describe, expect, it } from 'vitest';
import type { AvailabilityTrace } from '../../backtest/input/spot.ts';
import { learn, predict } from '../../bench/risk/fit.ts';
import { type Sample, samplesOf } from '../../bench/risk/samples.ts';
import { score } from '../../bench/risk/score.ts';
import { DAY, HOUR } from '../../core/time.ts';

const edges = (...falls: readonly number[]) =>
  falls.flatMap((at) => [
    { at, zone: 0, available: false },
    { at: at + 600, zone: 0, available: true },
  ]);
const trace = (...falls: readonly number[]): AvailabilityTrace => ({
  kind: 'availability',
  name: 'made',
  zones: ['r-1a', 'r-1b', 'x-1a'],
  initial: [true, true, true],
  edges: edges(...falls),
  duration: DAY,
});

describe('samplesOf', () => {
  it('knows nothing of what comes after a sample', () => {
    const until = 10 * HOUR;
    const before = ({ at }: Sample) => at < until;
    const one = samplesOf(trace(HOUR, 5 * HOUR, 11 * HOUR, 12 * HOUR), [900, 3600]).filter(before);
    const other = samplesOf(trace(HOUR, 5 * HOUR, 20 * HOUR), [900, 3600]).filter(before);
    expect(one.map(({ at, zone, features }) => ({ at, zone, features }))).toEqual(
      other.map(({ at, zone, features }) => ({ at, zone, features })),
    );
  });

  it('labels what is lost within each horizon, and takes no sample of a zone that is down', () => {
    const samples = samplesOf(trace(5 * HOUR), [900, 3600]).filter(({ zone }) => zone === 'r-1a');
    const at = (time: number) => samples.filter((one) => one.at <= time).at(-1)!;
    expect(at(5 * HOUR - 1800).lost).toEqual([false, true]);
    expect(at(5 * HOUR - 200).lost).toEqual([true, true]);
    expect(samples.some((one) => one.at > 5 * HOUR && one.at < 5 * HOUR + 600)).toBe(false);
    expect(samplesOf(trace(5 * HOUR), [900]).every(({ at: time }) => time <= DAY - 900)).toBe(true);
  });

  it('tells of the neighbours in the same region only', () => {
    const samples = samplesOf(trace(5 * HOUR), [900]).filter(({ at }) => at > 5 * HOUR && at < 6 * HOUR);
    const of = (zone: string) => samples.find((one) => one.zone === zone)!.features[1];
    expect(of('r-1b')).toBeGreaterThan(0);
    expect(of('x-1a')).toBe(0);
  });
});

describe('learn', () => {
  it('finds what made the samples, and leaves out a weight of the wrong sign', () => {
    let seed = 1;
    const random = () => {
      seed = (seed * 16_807) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
    const samples = Array.from({ length: 20_000 }, (): Sample => {
      const features = [random() * 2, random() * 2, random() * 3];
      const odds = -2 + 1.5 * features[0]! - 1 * features[1]! - 0.5 * features[2]!;
      return { at: 0, zone: 'z', features, lost: [random() < 1 / (1 + Math.exp(-odds))] };
    });
    const { weights } = learn(samples, 0);
    expect(weights[0]).toBeCloseTo(1.5, 0);
    expect(weights[1]).toBe(0);
    expect(weights[2]).toBeCloseTo(-0.5, 0);
    const said = samples.map((one) => predict({ base: 0, weights: [0, 0, 0] }, one));
    expect(new Set(said)).toEqual(new Set([0.5]));
  });
});

describe('score', () => {
  it('is perfect for certainty that came, and knows how far off the rest is', () => {
    const came = Array.from({ length: 100 }, (_, i) => i % 2 === 0);
    expect(score(came.map(Number), came)).toMatchObject({ brier: 0, calibrationError: 0, rate: 0.5 });
    const off = score(
      came.map(() => 0.7),
      came,
    );
    expect(off.brier).toBeCloseTo(0.29);
    expect(off.calibrationError).toBeCloseTo(0.2);
  });
});
