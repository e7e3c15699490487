import { describe, expect, it } from 'vitest';
import { explain } from '../../backtest/report/explain.ts';
import {
  carriedBy,
  coverageWords,
  methodWords,
  movedWords,
  strongest,
  unusualWords,
} from '../../backtest/report/forecast-words.ts';
import { renderReport } from '../../backtest/report/render.ts';
import type { RunRecord } from '../../backtest/report/run-record.ts';
import { syntheticRun } from './fixture.ts';

const NOON = Date.UTC(2026, 4, 4, 12) / 1000;
const friday = { cause: 'event black-friday', factor: 2.1, ahead: 3600 };
const zero = {
  ...{ kind: 'zero' as const, since: NOON, load: 0, median: 251, low: 180, high: 310, withheld: true },
} as const;

describe('what a forecast says of itself, in words', () => {
  it('names experts by weight, whatever is in their names', () => {
    expect(methodWords('last value 0.32, daily season, level-shifted 0.68')).toBe(
      'daily season, level-shifted 68 %, last value 32 %',
    );
    expect(methodWords('last value 1.00')).toBe('last value 100 %');
    expect(methodWords('nothing measured yet')).toBe('nothing measured yet');
    expect(methodWords('a 0.3, b 0.3, c 0.2, d 0.1, e 0.06, f 0.04, g 0.001')).toBe(
      'a 30 %, b 30 %, c 20 %, d 10 %, others 10 %',
    );
  });

  it('weighs experts over a run by how long each mix stood', () => {
    const said = [
      { at: 0, method: 'nothing measured yet' },
      { at: 50, method: 'a 1.0' },
      { at: 100, method: 'a 0.5, b 0.5' },
    ];
    expect(carriedBy(said, 250)).toBe('a 63 %, b 38 %');
    expect(carriedBy(said.slice(0, 1), 250)).toBe('nothing measured yet');
    expect(carriedBy([], 250)).toBeUndefined();
  });

  it('names each cause once, the strongest first, up or down', () => {
    const holiday = { cause: 'holiday Good Friday', factor: 0.4, ahead: 86_400 };
    const said = [
      { at: 0, method: '', moved: [{ ...friday, factor: 1.2 }, holiday] },
      { at: 60, method: '', moved: [friday] },
    ];
    expect(strongest(said).map(movedWords)).toEqual([
      'holiday Good Friday ×0.4, 24 h ahead',
      'event black-friday ×2.1, 60 min ahead',
    ]);
  });

  it('says since when, what came instead of what, and what is done', () => {
    expect(unusualWords(zero, 'requests/s')).toBe(
      'since 2026-05-04 12:00 UTC: nothing where there always was something; 0 requests/s came, 251 was expected ' +
        '(180 to 310 at 98 %); it is withheld from the forecast, and the last good size is held',
    );
    expect(unusualWords({ ...zero, kind: 'shift', withheld: false }, '')).toMatch(/it is taken for true$/);
  });

  it('says how often quantiles held', () => {
    expect(coverageWords({ minutes: 1000, below10: 90, above90: 110, above99: 12 })).toBe(
      '10 – 90 % held 80 % of the minutes; load was above 90 % in 11 %, above 99 % in 1.2 %',
    );
    expect(coverageWords({ minutes: 0, below10: 0, above90: 0, above99: 0 })).toBe('no minute to compare');
  });
});

/** A run with everything that is recorded of forecasts, in its first shard. */
function told(): RunRecord {
  const run = syntheticRun({ shards: 2, steps: 288 });
  const [first, second] = run.shards as [RunRecord['shards'][number], RunRecord['shards'][number]];
  const said = [
    { at: run.start, method: 'last value 0.25, seasonal 0.75', moved: [friday] },
    { at: NOON, method: 'last value 1.0', unusual: zero },
    { at: NOON + 600, method: 'last value 1.0' },
  ];
  const coverage = { minutes: 1440, below10: 144, above90: 144, above99: 14 };
  const wide = { q01: first.q10.map((q) => q * 0.9), q99: first.q90.map((q) => q * 1.1) };
  return { ...run, shards: [{ ...first, ...wide, said, coverage }, second] };
}

describe('forecasts in the report and in explain', () => {
  it('a card for each shard says what carried, moved and disturbed its forecasts', () => {
    const page = renderReport(told());
    expect(page).toContain('10 – 90 % held 80 % of the minutes');
    expect(page).toContain('<b>Carried by</b> last value 63\u00a0%, seasonal 38\u00a0%.');
    expect(page).toContain('<b>Moved by</b> event black-friday ×2.1, 60 min ahead.');
    expect(page.match(/<b>Unusual<\/b> since 2026-05-04 12:00 UTC:/g)).toHaveLength(1);
    expect(page).toContain(`"unusual":[{"from":${NOON},"to":${NOON + 600},"kind":"zero"}]`);
  });

  it('a run of before there was anything recorded has no such section', () => {
    expect(renderReport(syntheticRun())).not.toContain('Forecast against load');
  });

  it('explain says it of one shard at one time', () => {
    const checkout = { kind: 'shard', name: 'checkout' } as const;
    const before = explain(told(), checkout, NOON - 600);
    expect(before).toContain('The forecast was carried by seasonal 75 %, last value 25 %.');
    expect(before).toContain('It was moved by event black-friday ×2.1, 60 min ahead.');
    expect(before.join()).not.toContain('unusual');
    const during = explain(told(), checkout, NOON + 60).join('\n');
    expect(during).toContain('Its load was unusual since 2026-05-04 12:00 UTC: nothing where');
    expect(during).not.toContain('It was moved');
  });
});
