import { describe, expect, it } from 'vitest';
import { createForecaster } from '../../../core/forecast/create.ts';
import { waitingRoute, withRoute, withShard } from '../../../core/forecast/emerging/settings-text.ts';
import { MEDIAN } from '../../../core/forecast/forecast.ts';
import { parseSettings } from '../../../core/settings/parse.ts';
import { formatStamp } from '../../../core/settings/stamp.ts';
import { DAY, HOUR, MINUTE } from '../../../core/time.ts';
import { NOW, PROPOSAL } from './fixtures.ts';

const TEXT = `# ours
service: shop
shards:
  # the old one
  - name: cart
    priority: 300
    guarantee: 4
    capacity: { perInstance: 50, unit: orders/s } # measured in May
    health: { path: /alive }
    measure: { utilization: [{ namespace: N, metric: cart }] }
    mode: active
fleet: { max: 20 }
`;

describe('settings with a shard that was accepted', () => {
  const text = withShard(TEXT, PROPOSAL, { mode: 'active' }, NOW);
  const settings = parseSettings(text, 'new');

  it('have it as the one it comes from, without what is that one’s alone', () => {
    expect(settings.shards[1]).toMatchObject({
      name: 'cart-gift',
      route: { host: 'cart-gift.new.foreshard.invalid' },
      priority: 300,
      guarantee: 1,
      capacity: { perInstance: 50, unit: 'orders/s' },
      health: { path: '/alive' },
      measure: { utilization: [] },
      mode: 'active',
    });
    expect(settings.shards[0]).toEqual(parseSettings(TEXT, 'old').shards[0]);
  });

  it('keep their comments', () => {
    for (const comment of ['# ours', '# the old one', '# measured in May']) expect(text).toContain(comment);
  });

  it('give it the expected load from now on, until it has a day of its own', () => {
    expect(settings.calendar).toMatchObject([
      {
        shards: ['cart-gift'],
        start: formatStamp(NOW),
        end: formatStamp(NOW + 5 * HOUR + 2 * DAY),
        load: 95,
      },
    ]);
  });

  it('make its forecast at least that before anything was measured', () => {
    const forecaster = createForecaster(settings, 'cart-gift');
    const { horizons } = forecaster.forecast(NOW + MINUTE, [MINUTE, HOUR]);
    for (const { quantiles } of horizons) expect(quantiles[MEDIAN]).toBeGreaterThanOrEqual(95);
  });

  it('take another priority where a person says so, and add to a calendar that is there', () => {
    const more = `${TEXT}calendar:\n  - { name: sale, start: 2026-01-09T00:00:00Z, end: 2026-01-10T00:00:00Z, factor: 2 }\n`;
    const other = parseSettings(withShard(more, PROPOSAL, { mode: 'shadow', priority: 7 }, NOW), 'new');
    expect(other.shards[1]).toMatchObject({ priority: 7, mode: 'shadow' });
    expect(other.calendar.map(({ name }) => name)).toEqual(['sale', 'expected load of cart-gift']);
  });

  it('lead its requests to it, and change nothing else', () => {
    const routed = parseSettings(withRoute(text, 'cart-gift', PROPOSAL.route), 'routed');
    expect(routed.shards[1]!.route).toEqual({ path: '/cart/gift/*' });
    expect({ ...routed, shards: [] }).toEqual({ ...settings, shards: [] });
    expect(() => withRoute(text, 'gift', PROPOSAL.route)).toThrow('shards: expected gift');
  });

  it('wait under a name that no two shards share', () => {
    expect(waitingRoute('A')).toEqual({ host: 'a.new.foreshard.invalid' });
  });
});
