import { describe, expect, it } from 'vitest';
import { bestPeer, formatChange, tilesOf } from '../../backtest/report/headline.ts';
import { formatNumber, formatPercent, formatSpan, formatTime } from '../../backtest/report/page/format.js';
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

it('shows what the run itself took, not the minute model’s figures', () => {
  const run = syntheticRun({ steps: 288 });
  const { markup } = tilesOf({ ...run, totals: { hours: 4800, cost: 321, unmet: 0.0077 } });
  for (const shown of ['4,800', '200 instances on average', '$321', '0.77 %'])
    expect(markup).toContain(shown);
  expect(markup).not.toContain(formatNumber(run.comparison.ours.hours));
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
