import { describe, expect, it } from 'vitest';
import { EXPERTS } from '../../../core/forecast/analyser/experts/index.ts';
import { lastValue } from '../../../core/forecast/analyser/experts/last-value.ts';
import { linear } from '../../../core/forecast/analyser/experts/linear.ts';
import { dayMean, hourMean } from '../../../core/forecast/analyser/experts/means.ts';
import { others } from '../../../core/forecast/analyser/experts/others.ts';
import {
  daily,
  dailyShifted,
  weekly,
  weeklyShifted,
} from '../../../core/forecast/analyser/experts/seasonal.ts';
import { Losses, share } from '../../../core/forecast/analyser/losses.ts';
import { Mix } from '../../../core/forecast/analyser/mix.ts';
import { MINUTE } from '../../../core/time.ts';
import { handOver, noise, Scene, series } from './scene.ts';

const HOURS = 24;
const MEMORY = 200;

describe('losses', () => {
  const told = (losses: Losses, values: readonly number[], one = 0) => {
    for (const loss of values) losses.tell(one, losses.begin(one), loss);
    return losses;
  };

  it('are the mean of all at first, then of about so many', () => {
    expect(told(new Losses(2, 50), [1, 2, 3, 6]).mean(0)).toBeCloseTo(3);
    const losses = told(new Losses(2, 50), [...series(1000, () => 100), ...series(50, () => 0)]);
    expect(losses.mean(0)).toBeGreaterThan(25);
    expect(losses.mean(0)).toBeLessThan(50);
    expect([losses.count(0), losses.count(1)]).toEqual([1050, 0]);
  });

  it('are kept part by part', () => {
    const losses = new Losses(2, 50, 3);
    const weight = losses.begin(1);
    for (const part of [0, 1, 2]) losses.tell(1, weight, 5 + part, part);
    expect([0, 1, 2].map((part) => losses.mean(1, part))).toEqual([5, 6, 7]);
    expect(losses.mean(0, 2)).toBe(0);
    expect(handOver(losses, new Losses(2, 50, 3)).mean(1, 2)).toBe(7);
  });

  it('give the best a share of one, and the worse far less', () => {
    expect(share(3, 3)).toBe(1);
    expect(share(0, 0)).toBe(1);
    expect(share(0, 1)).toBe(0);
    expect(share(1, 2)).toBeLessThan(0.01);
    expect(share(1, 1.1)).toBeGreaterThan(0.3);
    expect(share(1e30, 2e30)).toBe(share(1e-6, 2e-6));
  });
});

/** Scores a mix along a series: `lead` hours before each point it was forecast. Returns the mix at the end. */
function play(
  values: readonly number[],
  { lead = 3, only, othersRise }: { lead?: number; only?: string; othersRise?: number } = {},
) {
  const scene = new Scene();
  const mix = new Mix(MEMORY, only);
  for (const [i, load] of values.entries()) {
    scene.push([load]);
    if (i >= lead)
      mix.score(scene.moment(lead, { index: i - lead, ...(othersRise && { othersRise }) }), Number.NaN, load);
  }
  const moment = scene.moment(lead, { ...(othersRise && { othersRise }) });
  const centre = mix.centre(moment, Number.NaN);
  return { mix, moment, centre, weights: new Map(mix.told()) };
}

const season = (i: number) => 10 + 5 * ((i % HOURS) % 7);

describe('the mix', () => {
  it('has no record at first: the last value near by, the mean of the day far ahead', () => {
    const scene = new Scene({ step: MINUTE, farthest: 1440 }).push([...series(90, () => 10), 100]);
    const mix = new Mix(MEMORY);
    const near = mix.centre(scene.moment(1), Number.NaN);
    expect(near).toBeGreaterThan(98);
    const far = mix.centre(scene.moment(1440), Number.NaN);
    expect(far).toBeLessThan(near);
    expect(far).toBeGreaterThan(10);
    const moved = mix.centre(scene.moment(1440, { othersRise: 2 }), Number.NaN);
    expect(moved - far).toBeCloseTo(0.9 * 0.8 * dayMean.guess(scene.moment(1440), 0));
  });

  it('is given to who was right', () => {
    const { centre, weights } = play(series(300, season));
    expect(centre).toBeCloseTo(season(302), 6);
    expect(weights.get(lastValue.name)).toBeLessThan(1e-6);
    const total = [...weights.values()].reduce((a, b) => a + b);
    expect(total).toBeCloseTo(1);
  });

  it('is given to the shifted season where the level moves, to the last value where there is no season', () => {
    const grows = play(series(300, (i) => season(i) + 2 * i));
    const shifted = [dailyShifted, weeklyShifted];
    expect(shifted.reduce((sum, { name }) => sum + grows.weights.get(name)!, 0)).toBeGreaterThan(0.9);
    expect(grows.centre).toBeGreaterThan(season(302) + 2 * 300);
    let at = 1000;
    const walk = noise(400).map((value) => (at = Math.max(1, at + (value - 100) / 5)));
    expect(play(walk, { lead: 1 }).weights.get(lastValue.name)).toBeGreaterThan(0.2);
    expect(play(walk, { lead: 1 }).weights.get(daily.name)).toBeLessThan(0.05);
  });

  it('turns to others when who was right no longer is', () => {
    const calm = (i: number) => (i < 15 * HOURS ? season(i) : 200);
    const { weights } = play(series(30 * HOURS, calm));
    expect(weights.get(lastValue.name)! + weights.get(hourMean.name)!).toBeGreaterThan(0.1);
  });

  it('leaves out who has no record yet, however right it would be', () => {
    // Never the same two days on end, but each week as the one before: known a week after the first.
    const load = (i: number) => 10 + 50 * ((Math.floor(i / HOURS) * 3) % 7);
    const first = 7 * HOURS + 5;
    expect(play(series(first, load)).weights.get(weekly.name)).toBe(0);
    expect(play(series(first + 4 * HOURS, load)).weights.get(weekly.name)).toBeGreaterThan(0.2);
  });

  it('says at most a few times what is usual, and never less than nothing', () => {
    const { mix, moment } = play(
      series(30, () => 100),
      { only: linear.name },
    );
    for (let i = 0; i < 20; i++) mix.score(moment, 1e6, 1e6);
    expect(mix.centre(moment, 250)).toBeCloseTo(350);
    expect(mix.centre(moment, 1e6)).toBeGreaterThan(350);
    expect(mix.centre(moment, 1e6)).toBeLessThanOrEqual(1000);
    expect(mix.centre(moment, -1e6)).toBe(0);
  });

  it('of one expert alone is that one', () => {
    const values = noise(20 * HOURS).map((load, i) => load + (i % 7 === 0 ? 100 : 0));
    for (const { name, guess } of EXPERTS) {
      if (name === linear.name || name === others.name) continue;
      const { centre, moment } = play(values, { only: name });
      expect(centre).toBeCloseTo(guess(moment, Number.NaN));
    }
    const told = play(values, { only: others.name, othersRise: 0.7 });
    expect(told.centre).toBeCloseTo(0.7 * told.moment.origin.day);
    // Nothing to say yet: the last value.
    expect(play([5, 6, 7], { only: weekly.name, lead: 1 }).centre).toBe(7);
  });

  it('goes on after it was put away', () => {
    const { mix, moment, centre } = play(noise(300));
    expect(handOver(mix, new Mix(MEMORY)).centre(moment, Number.NaN)).toBe(centre);
  });
});
