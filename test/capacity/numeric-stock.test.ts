import { describe, expect, it } from 'vitest';
import { stockTarget } from '../../core/capacity/stock.ts';
import type { ShardView } from '../../core/capacity/view.ts';
import { LEADS, randomViews, sure, ticks, unsure, view } from './numeric-views.ts';

const PRICES = [0.001, 0.005, 0.02, 0.05, 0.1, 0.3, 1, 5];

function target(views: readonly ShardView[], price: number, running?: number) {
  const serving = Float64Array.from(views, (one) => one.serving);
  return stockTarget(views, serving, running ?? serving.reduce((a, b) => a + b, 0), price, LEADS);
}

const shards = (scale: number, count = 10) =>
  Array.from({ length: count }, () =>
    view(
      ticks((h) => unsure(5, h === 0 ? 0 : scale)),
      { serving: 5 },
    ),
  );

describe('the stock of stopped slices', () => {
  it('has no limit where stopped slices cost nothing', () => {
    expect(target(shards(1), 0)).toEqual({ least: 0, most: Number.POSITIVE_INFINITY });
  });

  it('is nothing without shards', () => {
    for (const price of PRICES) expect(target([], price)).toEqual({ least: 0, most: 0 });
  });

  it('falls with the price, and never asks for more than it allows', () => {
    for (const views of [shards(1), shards(3), randomViews(30, 1), randomViews(30, 2)]) {
      const made = PRICES.map((price) => target(views, price));
      made.forEach(({ least, most }, i) => {
        expect(least).toBeGreaterThanOrEqual(0);
        expect(most).toBeGreaterThanOrEqual(least);
        if (i === 0) return;
        expect(least).toBeLessThanOrEqual(made[i - 1]!.least);
        expect(most).toBeLessThanOrEqual(made[i - 1]!.most);
      });
      expect(made[0]!.most).toBeGreaterThan(made.at(-1)!.most);
    }
  });

  it('grows with what is not known', () => {
    const made = [0, 0.5, 1, 2].map((scale) => target(shards(scale), 0.005));
    expect(made[0]).toEqual({ least: 0, most: 0 });
    for (let i = 1; i < made.length; i++) {
      expect(made[i]!.least).toBeGreaterThan(made[i - 1]!.least);
      expect(made[i]!.most).toBeGreaterThan(made[i - 1]!.most);
    }
  });

  it('per shard is smaller for many shards than for one, because they are not all wrong at once', () => {
    const [one, many] = [target(shards(1, 1), 0.005), target(shards(1, 100), 0.005)];
    expect(many.most / 100).toBeLessThan(0.2 * one.most);
  });

  it('is what is missing to the need that is likely, by hand', () => {
    // Five slices are running and eight will be needed for sure; a launch would come late.
    const views = [
      view(
        ticks((h) => sure(h === 0 ? 5 : 8)),
        { serving: 5 },
      ),
    ];
    expect(target(views, 0.02)).toEqual({ least: 3, most: 3 });
    expect(target(views, 0.02, 7)).toEqual({ least: 1, most: 1 });
    expect(target(views, 0.02, 9)).toEqual({ least: 0, most: 0 });
  });

  it('launches only what pays for a part of the launch, and for being kept six times over', () => {
    const coming = shards(1).map((one) => {
      const coarse = one.ahead.coarse.map((later) => ({ ...later, load: sure(0) }));
      return { ...one, ahead: { ...one.ahead, coarse } };
    });
    for (const price of [0.005, 0.02, 0.1]) {
      // 0.15 × 4 ticks of a launch are 0.12 for each of the 5 ticks until it is called for.
      const kept = target(coming, 6 * price + 0.12).most;
      expect(target(coming, price).least).toBeLessThanOrEqual(kept);
      expect(target(coming, price).least).toBeGreaterThanOrEqual(kept - 1);
      expect(target(coming, price).most).toBeGreaterThan(kept);
    }
  });

  it('keeps what is needed again soon, but launches nothing for it', () => {
    const night = view(
      ticks(() => sure(2)),
      { serving: 2 },
    );
    const views = [
      {
        ...night,
        ahead: { ...night.ahead, coarse: night.ahead.coarse.map((later) => ({ ...later, load: sure(9) })) },
      },
    ];
    expect(target(views, 0.02)).toEqual({ least: 0, most: 7 });
  });

  it('stays within what the shards may have, and holds what they are guaranteed', () => {
    const grown = ticks((h) => sure(h === 0 ? 5 : 30));
    expect(target([view(grown, { serving: 5, ceiling: 8 })], 0.02).most).toBe(3);
    expect(
      target(
        [
          view(
            ticks(() => sure(0)),
            { serving: 0, floor: 4 },
          ),
        ],
        0.02,
      ).least,
    ).toBe(4);
  });
});
