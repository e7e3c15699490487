import { describe, expect, it } from 'vitest';
import { bestPeer, formatChange, tilesOf } from '../../backtest/report/headline.ts';
import { formatNumber, formatPercent, formatSpan, formatTime } from '../../backtest/report/page/format.js';
import { scatterOf } from '../../backtest/report/scatter.ts';
import { syntheticRun } from './fixture.ts';

describe('bestPeer', () => {
  const { comparison } = syntheticRun();
  const withHours = (atOurUnmet: typeof comparison.atOurUnmet) => bestPeer({ ...comparison, atOurUnmet });

  it('is the cheapest real peer; a clairvoyant is none', () => {
    const hours = [
      { policy: 'clairvoyant', hours: 5 },
      { policy: 'a', hours: 9 },
      { policy: 'b', hours: 8 },
      { policy: 'c' },
    ];
    expect(withHours(hours)).toEqual({ policy: 'b', hours: 8 });
  });

  it('is nobody when no peer reaches our unmet load', () => {
    expect(withHours([{ policy: 'a' }, { policy: 'clairvoyant', hours: 5 }])).toBeUndefined();
    const run = syntheticRun();
    const tiles = tilesOf({ ...run, comparison: { ...comparison, atOurUnmet: [] } });
    expect(tiles.markup).toContain('no peer reaches this unmet load');
  });

  it('turns bad when ours is dearer', () => {
    const run = syntheticRun();
    const dearer = { ...comparison, atOurUnmet: [{ policy: 'a', hours: comparison.ours.hours / 2 }] };
    expect(tilesOf({ ...run, comparison: dearer }).markup).toContain('<div class="value bad">+100 %</div>');
  });
});

it('formatChange has a sign and never says −0', () => {
  expect([83, 100.01, 106.4, 99.99].map((ours) => formatChange(ours, 100))).toEqual([
    '−17 %',
    '±0 %',
    '+6.4 %',
    '±0 %',
  ]);
});

it('formats as people read', () => {
  expect([0, 0.00234, 1.5, 12.34, 1234.5, Number.NaN].map(formatNumber)).toEqual([
    '0',
    '0.0023',
    '1.5',
    '12.3',
    '1,235',
    '–',
  ]);
  expect([0, 0.00021, 0.786, 1e-9].map(formatPercent)).toEqual(['0 %', '0.021 %', '78.6 %', '< 0.0001 %']);
  expect([61, 300, 7200, 604_800].map(formatSpan)).toEqual(['61 s', '5 min', '2 h', '7 days']);
  expect(formatTime(Date.UTC(2026, 4, 4, 10, 15) / 1000)).toBe('2026-05-04 10:15');
  expect(formatTime(Date.UTC(2026, 4, 4, 10, 15, 7) / 1000)).toBe('2026-05-04 10:15:07');
});

describe('scatterOf', () => {
  const { comparison } = syntheticRun();
  const points = (markup: string) =>
    [...markup.matchAll(/<circle class="(ours|peer)" cx="([\d.]+)" cy="([\d.]+)"/g)].map(
      ([, kind, x, y]) => ({
        kind,
        x: Number(x),
        y: Number(y),
      }),
    );

  it('puts fewer hours lower and less unmet load further left', () => {
    const result = (policy: string, hours: number, unmet: number) => ({
      policy,
      hours,
      unmet,
      cost: 1,
      knobs: '',
    });
    const drawn = points(
      scatterOf({
        ...comparison,
        ours: result('ours', 100, 0.001),
        peers: [result('dear', 200, 0.01)],
        atOurUnmet: [],
      }).markup,
    );
    const ours = drawn.find(({ kind }) => kind === 'ours')!;
    const peer = drawn.find(({ kind }) => kind === 'peer')!;
    expect(ours.y).toBeGreaterThan(peer.y);
    expect(ours.x).toBeLessThan(peer.x);
  });

  it('has a place for nothing unmet at all, and for a single policy', () => {
    const ours = { ...comparison.ours, unmet: 0 };
    const drawn = points(scatterOf({ ...comparison, ours, peers: [], atOurUnmet: [] }).markup);
    expect(drawn).toHaveLength(1);
    expect(Number.isFinite(drawn[0]!.x + drawn[0]!.y)).toBe(true);
  });
});
