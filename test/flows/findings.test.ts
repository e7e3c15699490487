import { describe, expect, it } from 'vitest';
import type { Finding, Plan } from '../../core/capacity/plan.ts';
import { findingEvents, type OpenFinding } from '../../flows/findings.ts';
import { scaledEvents } from '../../flows/scaled.ts';
import { settingsOf } from '../world/fixtures.ts';

const risk = (shard: string): Finding => ({ kind: 'GuaranteeAtRisk', shard, guarantee: 2, have: 1 });
const told = (open: readonly OpenFinding[], found: readonly Finding[], at: number) => {
  const { events, open: next } = findingEvents(open, found, at);
  return { next, told: events.map(({ type, detail }) => `${type} ${detail.shard ?? ''} ${detail.since}`) };
};

describe('findings', () => {
  it('are told apart by kind and shard', () => {
    const first = told([], [risk('a'), { kind: 'PoolExhausted', wanted: 2, had: 0 }], 100);
    expect(first.told).toEqual(['GuaranteeAtRisk a 100', 'PoolExhausted  100']);
    const second = told(first.next, [risk('a'), risk('b')], 160);
    expect(second.told).toEqual(['GuaranteeAtRisk b 160', 'Resolved  100']);
  });

  it('begin anew when they come back', () => {
    const gone = told(told([], [risk('a')], 100).next, [], 160);
    expect(gone).toEqual({ next: [], told: ['Resolved a 100'] });
    expect(told(gone.next, [risk('a')], 220).told).toEqual(['GuaranteeAtRisk a 220']);
  });

  it('say no age of what never was', () => {
    const never = { kind: 'LoadLate', shard: 'a', age: Number.POSITIVE_INFINITY } as const;
    const { events } = findingEvents([], [never, { kind: 'ForecastLate', shard: 'b', age: 960 }], 5);
    expect(events.map(({ detail }) => detail)).toEqual([
      { shard: 'a', since: 5 },
      { shard: 'b', age: 960, since: 5 },
    ]);
  });

  it('of unusual load are told again when they turn into others, as one', () => {
    const unusual = { since: 40, load: 0, median: 90, low: 50, high: 130 };
    const zero: Finding = {
      kind: 'ForecastAnomaly',
      shard: 'a',
      unusual: { kind: 'zero', ...unusual, withheld: true },
    };
    const shift: Finding = { ...zero, unusual: { kind: 'shift', ...unusual, withheld: false } };
    const first = findingEvents([], [zero], 100);
    expect(first.events).toEqual([
      {
        type: 'ForecastAnomaly',
        at: 100,
        detail: {
          shard: 'a',
          what: 'zero',
          time: 40,
          load: 0,
          median: 90,
          low: 50,
          high: 130,
          withheld: true,
          since: 100,
        },
      },
    ]);
    expect(told(first.open, [zero], 160).told).toEqual([]);
    const second = told(first.open, [shift], 160);
    expect(second.told).toEqual(['ForecastAnomaly a 100']);
    expect(told(second.next, [shift], 220).told).toEqual([]);
    expect(told(second.next, [], 280).told).toEqual(['Resolved a 100']);
  });

  it('are remembered as far as one item holds them; the others are not told again each minute', () => {
    const many = Array.from({ length: 5000 }, (_, i) => risk(`s${i}`));
    const first = told([], many, 0);
    expect([first.told.length, first.next.length]).toEqual([2000, 2000]);
    expect(told(first.next, many, 60).told).toEqual([]);
    expect(JSON.stringify(first.next).length).toBeLessThan(350_000);
  });
});

describe('sizes', () => {
  const settings = settingsOf(['a', 'b']);
  const planOf = (wants: readonly number[], moves: Plan['moves'] = []) =>
    ({
      at: 1,
      moves,
      shards: ['a', 'b'].map((shard, i) => ({
        shard,
        mode: 'active',
        have: 100,
        coming: 0,
        want: wants[i]!,
        guarantee: 0,
      })),
    }) as unknown as Plan;

  it('are told when they change, with the rule of the move that comes of it', () => {
    const move = {
      slice: 'i-1:8080',
      from: { kind: 'ready' },
      to: { kind: 'active', shard: 'b' },
      reason: { rule: 'reactive' },
    };
    const events = scaledEvents(
      [
        { shard: 'a', want: 100 },
        { shard: 'b', want: 150 },
      ],
      planOf([100, 200], [move as never]),
      settings,
    );
    expect(events.map(({ detail }) => detail)).toEqual([
      { shard: 'b', from: 1.5, to: 2, rule: 'reactive', mode: 'active' },
    ]);
  });

  it('of the first plan are against what the shard has', () => {
    const events = scaledEvents([], planOf([100, 0]), settings);
    expect(events.map(({ detail }) => detail)).toEqual([
      { shard: 'b', from: 1, to: 0, rule: 'release', mode: 'active' },
    ]);
  });

  it('are the same where only the record rounded them', () => {
    expect(
      scaledEvents(
        [
          { shard: 'a', want: 33.333 },
          { shard: 'b', want: 0 },
        ],
        planOf([100 / 3, 0]),
        settings,
      ),
    ).toEqual([]);
  });
});
