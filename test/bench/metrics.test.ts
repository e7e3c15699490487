import { describe, expect, it } from 'vitest';
import { dearer, metricsOf } from '../../bench/capacity/metrics.ts';
import { groupsOf } from '../../bench/capacity/rows.ts';
import { separationsOf } from '../../bench/capacity/separation.ts';
import { geometricMean } from '../../bench/lib/results.ts';
import { cell, outcome } from './helpers.ts';

const line = (hours: number) => [outcome(1.01 * hours, 0.0005), outcome(0.99 * hours, 0.0015)];

const cells = [
  cell('a', {
    ours: line(104),
    'aws-predictive': line(130),
    'aws-predictive-fast': line(120),
    'target-tracking-fast': line(116),
    'aws-usual': [outcome(200, 0.0005)],
  }),
  cell('b', {
    ours: line(102),
    'aws-predictive': line(120),
    'aws-predictive-fast': [outcome(90, 0.01)],
    'target-tracking-fast': [outcome(90, 0.01)],
    'aws-usual': [outcome(150, 0)],
  }),
];
const groups = groupsOf(cells, [0.001], [0]);

describe('the geometric mean', () => {
  it('lets a half and a double cancel out', () => {
    expect(geometricMean([0.5, 2])).toBeCloseTo(1, 12);
    expect(geometricMean([])).toBeUndefined();
  });
});

describe('rows', () => {
  it('are one per trace, share and policy, cheapest first, the clairvoyant below all', () => {
    const [a] = groups;
    expect(a!.rows.map(({ policy }) => policy)).toEqual([
      'clairvoyant',
      'ours',
      'target-tracking-fast',
      'aws-predictive-fast',
      'aws-predictive',
      'aws-usual',
    ]);
    expect(a!.rows[1]).toEqual({
      trace: 'a',
      peakInstances: 20,
      unmetShare: 0.001,
      usualsOwn: false,
      delaySeconds: 0,
      policy: 'ours',
      hours: 104,
      overClairvoyant: 1.04,
      oursOver: 1,
      knobs: `${1.01 * 104} h`,
    });
  });

  it('name the peers that never get there and leave them out', () => {
    const b = groups.find(({ trace, usualsOwn }) => trace === 'b' && !usualsOwn)!;
    expect(b.never).toEqual(['aws-predictive-fast', 'target-tracking-fast']);
    expect(b.rows.map(({ policy }) => policy)).not.toContain('aws-predictive-fast');
  });

  it('compare with the usual settings at what those miss, unless that is nothing', () => {
    const own = groups.filter(({ usualsOwn }) => usualsOwn);
    expect(own).toHaveLength(1);
    expect(own[0]!.share).toBe(0.0005);
    expect(own[0]!.rows.map(({ policy }) => policy)).toEqual(['clairvoyant', 'ours', 'aws-usual']);
  });
});

describe('metrics', () => {
  it('are geometric means over the traces that have a part in them', () => {
    const metrics = metricsOf(groups, cells);
    expect(metrics.hoursVsClairvoyant).toBeCloseTo(Math.sqrt(1.04 * 1.02), 12);
    expect(metrics.hoursVsAwsPredictive).toBeCloseTo(Math.sqrt((104 / 130) * (102 / 120)), 12);
    expect(metrics.hoursVsAwsFast).toBeCloseTo(104 / 116, 12);
    expect(metrics.hoursVsAwsUsual).toBeCloseTo((1.01 * 104) / 200, 12);
    expect(metrics.neverDearer).toBe(1);
  });

  it('average shared over whole instances where both get to the share', () => {
    expect(metricsOf(groups, cells)).not.toHaveProperty('hoursPackedVsWhole');
    const ratios = [0.5, 0.72, Number.NaN].map((packedVsWhole) => ({ ...cells[0]!, packedVsWhole }));
    expect(metricsOf(groups, ratios).hoursPackedVsWhole).toBeCloseTo(0.6, 12);
  });

  it('leave out what no trace has a part in', () => {
    expect(metricsOf(groupsOf(cells, [0.0007], [0]), cells)).not.toHaveProperty('hoursVsClairvoyant');
  });

  it('say when a peer is cheaper, or gets to where ours does not', () => {
    const cheap = groupsOf(
      [cell('a', { ours: line(104), 'target-tracking': line(103), 'aws-usual': [outcome(200, 0)] })],
      [0.001],
      [0],
    );
    expect(metricsOf(cheap, []).neverDearer).toBe(0);
    expect(dearer(cheap)[0]!.peer.policy).toBe('target-tracking');
    const alone = groupsOf(
      [cell('a', { ours: [outcome(90, 0.01)], 'aws-usual': [outcome(200, 0)] })],
      [0.001],
      [0],
    );
    expect(metricsOf(alone, []).neverDearer).toBe(0);
    expect(dearer(alone)[0]!.peer).not.toHaveProperty('oursOver');
  });
});

describe('what separates ours from the ideal', () => {
  it('are ratios whose product is ours over instances cut at will', () => {
    const [a] = separationsOf(cells, [0.001]);
    expect(a!.wholeInstances).toBeCloseTo(100 / 95, 12);
    expect(a!.controller).toBeCloseTo(1.02, 12);
    expect(a!.uncertainty).toBeCloseTo(104 / 102, 12);
    expect(a!.oursOverClairvoyant).toBeCloseTo(1.04, 12);
    expect(a).not.toHaveProperty('lateMetrics');
  });

  it('are left out where perfect forecasts never get there', () => {
    const [a] = separationsOf([{ ...cells[0]!, perfect: [outcome(100, 0.01)] }], [0.001]);
    expect(a).not.toHaveProperty('controller');
    expect(a).not.toHaveProperty('uncertainty');
    expect(a!.oursOverClairvoyant).toBeCloseTo(1.04, 12);
  });
});
