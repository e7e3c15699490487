import { describe, expect, it } from 'vitest';
import { frontPlot, NARROW, WIDE } from '../../backtest/report/front-plot.ts';
import { rangeOf } from '../../backtest/report/plot-range.ts';
import { spread } from '../../backtest/report/plot-scale.ts';
import type { Comparison, PolicyResult } from '../../backtest/report/run-record.ts';

const result = (
  policy: string,
  hours: number,
  unmet: number,
  front: [number, number][] = [],
): PolicyResult => ({
  policy,
  hours,
  unmet,
  cost: 1,
  knobs: 'knobs',
  front: front.map(([share, its]) => ({ unmet: share, hours: its })),
});
const FRONT: [number, number][] = [
  [0.0005, 108],
  [0.001, 104],
  [0.002, 100],
];
const ours = result('Foreshard', 100, 0.001, [
  [0.0005, 103],
  [0.001, 100],
  [0.004, 95],
]);
const base: Comparison = {
  ours,
  peers: [
    result('Target tracking', 104, 0.001, FRONT),
    result('AWS usual', 140, 0.00004),
    result('Static peak', 400, 0.001),
    result('Clairvoyant bound', 97, 0.001, [
      [0.0005, 98],
      [0.001, 97],
      [0.004, 92],
    ]),
  ],
  atOurUnmet: [
    { policy: 'Target tracking', hours: 104 },
    { policy: 'Clairvoyant bound', hours: 97 },
  ],
  sentence: '',
};

/** The group of a policy: its first path or circle, and its title. */
function groupOf(markup: string, policy: string): string {
  const group = [...markup.matchAll(/<g class="policy[\s\S]*?<\/g>/g)].find(([text]) =>
    text.includes(`<title>${policy}`),
  );
  return group![0];
}

function dotOf(markup: string, policy: string): { x: number; y: number } {
  const [, x, y] = /<circle cx="([-\d.]+)" cy="([-\d.]+)"/.exec(groupOf(markup, policy))!;
  return { x: Number(x), y: Number(y) };
}

describe('rangeOf', () => {
  it('reaches from below the bound to the dearest that is not beyond 1.6 times ours', () => {
    const { hours, unmet } = rangeOf(base);
    expect(hours.low).toBeLessThan(92);
    expect(hours.high).toBeGreaterThan(140);
    expect(hours.high).toBeLessThan(160);
    expect(unmet.low).toBeLessThan(0.00004);
    expect(unmet.high).toBeGreaterThan(0.004);
    expect(unmet.high).toBeLessThan(0.005);
  });

  it('is not stretched by what is a thousand times further off', () => {
    const far = result('far', 110, 0.0000001, [[0.0000001, 110]]);
    expect(rangeOf({ ...base, peers: [...base.peers, far] })).toEqual(rangeOf(base));
  });
});

describe('frontPlot', () => {
  const { markup } = frontPlot(base, WIDE);

  it('puts fewer hours lower and less unmet load further left', () => {
    const [mine, tracking, usual] = ['Foreshard', 'Target tracking', 'AWS usual'].map((policy) =>
      dotOf(markup, policy),
    );
    expect(mine!.y).toBeGreaterThan(tracking!.y);
    expect(tracking!.y).toBeGreaterThan(usual!.y);
    expect(usual!.x).toBeLessThan(mine!.x);
    expect(tracking!.x).toBe(mine!.x);
  });

  it('draws a front through the chosen point', () => {
    const { x, y } = dotOf(markup, 'Target tracking');
    expect(groupOf(markup, 'Target tracking')).toMatch(new RegExp(`d="M[^"]*L${x} ${y}L`));
  });

  it('names what is beyond at the edge, with its hours, by an arrow', () => {
    expect(groupOf(markup, 'Static peak')).toContain('class="arrow"');
    expect(groupOf(markup, 'Static peak')).not.toContain('<circle');
    expect(markup).toContain('Static peak, 400\u00a0h');
    expect(groupOf(markup, 'Target tracking')).not.toContain('class="arrow"');
  });

  it('says what ours saves against each at equal unmet load', () => {
    expect(markup).toMatch(/−3\.8 %<\/text><text class="tracking" [^>]*>Target tracking</);
    expect(markup).toMatch(/\+3\.1 %<\/text><text class="bound" [^>]*>Clairvoyant bound</);
  });

  it('keeps all labels inside the picture and apart', () => {
    for (const shape of [WIDE, NARROW]) {
      const peers = Array.from({ length: 9 }, (_, i) =>
        result(`Target tracking, variant ${i}`, 104, 0.001, FRONT),
      );
      const { markup: crowded } = frontPlot({ ...base, peers }, shape);
      const places = [...crowded.matchAll(/<text class="tracking" x="([\d.]+)" y="([\d.]+)"/g)].map(
        ([, , y]) => Number(y),
      );
      expect(places.length).toBeGreaterThanOrEqual(9);
      places.forEach((y, i) => {
        expect(y).toBeGreaterThan(0);
        expect(y).toBeLessThan(shape.height);
        if (i > 0) expect(y - places[i - 1]!).toBeGreaterThanOrEqual(13);
      });
    }
  });

  it('has a place for nothing unmet at all, for a single policy and for no hours', () => {
    const zero = result('Foreshard', 100, 0, [[0, 100]]);
    const none = result('Foreshard', 0, 0);
    for (const only of [zero, none, ours]) {
      const drawn = frontPlot({ ...base, ours: only, peers: [], atOurUnmet: [] }, WIDE).markup;
      expect(drawn).not.toMatch(/NaN|Infinity|undefined/);
    }
    expect(frontPlot({ ...base, ours: zero }, WIDE).markup).not.toMatch(/NaN|Infinity|undefined/);
  });
});

describe('spread', () => {
  it('leaves what is apart where it is', () => {
    expect(spread([10, 50, 90], [20, 20, 20], 0, 100)).toEqual([10, 50, 90]);
  });

  it('pushes what is too close apart, by the heights of both, and back from the end', () => {
    expect(spread([10, 12, 14], [10, 20, 10], 0, 100)).toEqual([10, 25, 40]);
    expect(spread([95, 96, 97], [10, 10, 10], 0, 100)).toEqual([80, 90, 100]);
  });
});
