import { describe, expect, it } from 'vitest';
import { normals } from '../../backtest/model/fill.ts';
import type { Indicators } from '../../core/forecast/forecast.ts';
import { causeOf, LEAD_FEATURES, LeadLag } from '../../core/forecast/indicators/lead-lag.ts';
import { StateReader, StateWriter } from '../../core/forecast/state.ts';
import { T0 } from './series.ts';

interface Made {
  readonly step: number;
  readonly load: readonly number[];
  readonly others: Readonly<Record<string, readonly number[]>>;
}

/** A load whose wanderings `led` shows `lag` seconds earlier, beside series that have nothing to say or say it too late. */
function made(step: number, days: number, lag: number, seed: number): Made {
  const normal = normals(seed);
  const carried = Math.exp(-step / 5400);
  const wander = () => {
    let at = 0;
    return Array.from({ length: Math.round((days * 86_400) / step) }, () => {
      at = carried * at + Math.sqrt(1 - carried * carried) * normal();
      return at;
    });
  };
  const season = (i: number) => 1 - 0.6 * Math.cos((2 * Math.PI * i * step) / 86_400);
  const [wave, foreign] = [wander(), wander()];
  const late = Math.round(lag / step);
  const load = wave.map((_, i) => 100 * season(i) * (1 + 0.2 * (wave[i - late] ?? 0)) + 2 * normal());
  let walked = 0;
  return {
    step,
    load,
    others: {
      led: wave.map((v, i) => 20 * season(i) * (1 + 0.2 * v) + 0.5 * normal()),
      season: wave.map((_, i) => 50 * season(i + 7200 / step) + normal()),
      foreign: foreign.map((v, i) => 20 * season(i) * (1 + 0.2 * v)),
      walk: wave.map(() => (walked += normal())),
      follows: load.map((_, i) => load[i - Math.ceil(1800 / step)] ?? 0),
    },
  };
}

function indicatorsOf({ step, others }: Made, names: readonly string[]): Indicators {
  return { names, at: (i, time) => others[names[i]!]![Math.round((time - T0) / step)] ?? Number.NaN };
}

function fed(one: Made, names: readonly string[], to = one.load.length): LeadLag {
  const leadLag = new LeadLag({ step: one.step, indicators: indicatorsOf(one, names), reach: 0 });
  for (let i = 0; i < to; i++) leadLag.observe(T0 + i * one.step, one.load[i]!);
  return leadLag;
}

const ALL = ['season', 'foreign', 'led', 'walk', 'follows'];

describe('leading indicators', () => {
  it.each([
    { step: 60, days: 4, lag: 720 },
    { step: 300, days: 8, lag: 2400 },
    { step: 600, days: 10, lag: 10_800 },
    { step: 3600, days: 30, lag: 7200 },
  ])('are found with their lag: $lag s at steps of $step s', ({ step, days, lag }) => {
    const [chosen, ...more] = fed(made(step, days, lag, 1), ALL).chosen;
    expect(more).toEqual([]);
    expect(chosen!.name).toBe('led');
    expect(Math.abs(chosen!.lag - lag)).toBeLessThan(Math.max(60, 0.1 * step));
    expect(chosen!.weight).toBeGreaterThan(0.5);
    expect(chosen!.feature).toBe(0);
    expect(causeOf([chosen!])).toMatch(/^indicator led \(\d+ min ahead\)$/);
  });

  it('are not found in noise, in a shared season, in a walk, nor in what follows the load', () => {
    const names = ALL.filter((name) => name !== 'led');
    for (let seed = 1; seed <= 12; seed++) {
      expect(fed(made(600, 10, 2400, seed), names).chosen).toEqual([]);
      expect(fed(made(3600, 30, 7200, seed), names).chosen).toEqual([]);
    }
  });

  it('tell the changes that the load has still to show', () => {
    const one = made(600, 12, 3600, 2);
    const leadLag = new LeadLag({ step: 600, indicators: indicatorsOf(one, ['led']), reach: 0 });
    let [both, told, came] = [0, 0, 0];
    for (let i = 0; i < one.load.length - 6; i++) {
      leadLag.observe(T0 + i * 600, one.load[i]!);
      if (i < one.load.length / 2) continue;
      const season = (at: number) => -60 * Math.cos((2 * Math.PI * at) / 144);
      const change = one.load[i + 6]! - one.load[i]! - season(i + 6) + season(i);
      const [feature] = leadLag.features(T0 + i * 600, 3600);
      both += feature! * change;
      told += feature! * feature!;
      came += change * change;
    }
    expect(both / Math.sqrt(told * came)).toBeGreaterThan(0.8);
  });

  it('are taken for nothing beyond the lag, and for less before it', () => {
    const one = made(600, 10, 3600, 3);
    const leadLag = fed(one, ['led']);
    const now = T0 + (one.load.length - 1) * 600;
    const [whole] = leadLag.features(now, 3600);
    expect(leadLag.features(now, 7200)[0]).toBe(whole);
    expect(leadLag.features(now, 600)[0]).not.toBe(whole);
    expect(leadLag.features(now, 0)[0]).toBeCloseTo(0);
  });

  it('are remembered as they were, for as long as whoever learns asks for them', () => {
    const one = made(600, 12, 3600, 3);
    const indicators = indicatorsOf(one, ['led']);
    const [far, near] = [86_400, 0].map((reach) => new LeadLag({ step: 600, indicators, reach }));
    const then = one.load.length - 145;
    for (let i = 0; i <= then; i++) far!.observe(T0 + i * 600, one.load[i]!);
    const [said] = far!.features(T0 + then * 600, 1800);
    const { chosen } = far!;
    for (let i = then + 1; i < one.load.length; i++) far!.observe(T0 + i * 600, one.load[i]!);
    for (const [i, load] of one.load.entries()) near!.observe(T0 + i * 600, load);
    // The lag is found anew meanwhile, and what a deviation is.
    expect(far!.chosen[0]!.lag).toBeCloseTo(chosen[0]!.lag, -2);
    expect(Math.abs(said!)).toBeGreaterThan(0.2);
    expect(far!.features(T0 + then * 600, 1800)[0]! / said!).toBeCloseTo(1, 1);
    expect(near!.features(T0 + then * 600, 1800)[0]).toBe(0);
  });

  it('know nothing of what comes later', () => {
    const one = made(600, 10, 3600, 4);
    const at = one.load.length - 40;
    const garbled: Made = {
      ...one,
      load: one.load.map((v, i) => (i < at ? v : 1e6)),
      others: { led: one.others.led!.map((v, i) => (i < at ? v : -1e6)) },
    };
    const now = T0 + (at - 1) * 600;
    const [clean, other] = [fed(one, ['led'], at), fed(garbled, ['led'], at)];
    expect(clean.features(now, 1800)).not.toEqual([0, 0]);
    for (const lead of [600, 1800, 3600, 86_400])
      expect(other.features(now, lead)).toEqual(clean.features(now, lead));
    // Nor when asked later about then: the lag is the same until it is looked for anew.
    const later = fed(one, ['led'], at + 3);
    expect(later.chosen).toEqual(clean.chosen);
    expect(later.features(now, 1800)[0]).toBeCloseTo(clean.features(now, 1800)[0]!, 1);
  });

  it('survive gaps, missing values and one that breaks', () => {
    const one = made(600, 12, 3600, 5);
    const led = one.others.led!.map((v, i) =>
      i % 11 === 0 || (i > 700 && i < 760) ? Number.NaN : i % 97 === 0 ? v * 1000 : v,
    );
    const leadLag = new LeadLag({
      step: 600,
      indicators: indicatorsOf({ ...one, others: { led } }, ['led']),
      reach: 0,
    });
    for (let i = 0; i < one.load.length; i++)
      if (i % 13 !== 0 && !(i > 900 && i < 1200)) leadLag.observe(T0 + i * 600, one.load[i]!);
    const [chosen] = leadLag.chosen;
    expect(chosen!.name).toBe('led');
    expect(Math.abs(chosen!.lag - 3600)).toBeLessThan(200);
    const features = leadLag.features(T0 + (one.load.length - 1) * 600, 3600);
    expect(features).toHaveLength(LEAD_FEATURES);
    for (const feature of features) expect(Math.abs(feature)).toBeLessThanOrEqual(6);
  });

  it('begin anew behind a gap of many days, without a step for each', () => {
    const one = made(600, 10, 3600, 6);
    const leadLag = fed(one, ['led']);
    leadLag.observe(T0 + 10_000 * 86_400, 5);
    expect(leadLag.features(T0 + 10_000 * 86_400, 3600)).toEqual([0, 0]);
  });

  it('go on exactly from what was put away, in a few KiB, whatever indicators came and went since', () => {
    const one = made(300, 6, 2400, 7);
    const half = one.load.length / 2 + 1;
    const put = (leadLag: LeadLag) => {
      const out = new StateWriter();
      leadLag.save(out);
      return out.bytes();
    };
    const state = put(fed(one, ['led', 'foreign'], half));
    expect(state.length).toBeLessThan(8 * 1024);
    const whole = fed(one, ['led', 'foreign']);
    const goOn = (names: readonly string[]) => {
      const leadLag = new LeadLag({ step: 300, indicators: indicatorsOf(one, names), reach: 0 });
      const from = new StateReader(state);
      leadLag.load(from);
      from.end();
      for (let i = half; i < one.load.length; i++) leadLag.observe(T0 + i * 300, one.load[i]!);
      return leadLag;
    };
    expect(put(goOn(['led', 'foreign']))).toEqual(put(whole));
    expect(whole.chosen.map(({ name }) => name)).toEqual(['led']);
    expect(goOn(['walk', 'led']).chosen).toEqual(whole.chosen);
    expect(goOn(['foreign']).chosen).toEqual([]);
  });
});
