import { describe, expect, it } from 'vitest';
import { planningHorizons } from '../../../core/capacity/horizons.ts';
import { plan } from '../../../core/capacity/planner.ts';
import { createForecaster } from '../../../core/forecast/create.ts';
import { withShard } from '../../../core/forecast/emerging/settings-text.ts';
import { parseSettings } from '../../../core/settings/parse.ts';
import { forecastOf, many, running, snapshotOf, AT as T } from '../../capacity/scene.ts';
import { PROPOSAL } from './fixtures.ts';

const TEXT = `service: shop
shards:
  - { name: cart, capacity: { perInstance: 50 }, mode: active }
fleet: { max: 20 }
`;

describe('the plan for a shard that was accepted', () => {
  it('gives it instances for what is expected before it has any load', () => {
    const settings = parseSettings(
      withShard(TEXT, { ...PROPOSAL, readyBy: T }, { mode: 'active' }, T),
      'new',
    );
    const forecasts = new Map([
      ['cart', forecastOf('cart', settings, 80)],
      ['cart-gift', createForecaster(settings, 'cart-gift').forecast(T, planningHorizons(settings))],
    ]);
    const up = [
      ...many(2, () => running(settings, ['active cart'])),
      ...many(4, () => running(settings, ['ready'])),
    ];
    const made = plan(snapshotOf(up), forecasts, settings, T);
    const gifts = made.moves.filter(({ to }) => to.kind === 'active' && to.shard === 'cart-gift');
    // 95 expected, 50 each.
    expect(gifts).toHaveLength(2);
    expect(made.shards.find(({ shard }) => shard === 'cart-gift')!.want).toBeGreaterThanOrEqual(95);
  });
});
