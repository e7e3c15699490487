import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { looksOurs, targetGroupName } from '../../core/routes/names.ts';

const name = fc.stringMatching(/^[a-zA-Z0-9]([a-zA-Z0-9-]{0,30}[a-zA-Z0-9])?$/);

describe('target group names', () => {
  it('are what AWS allows, and recognised again', () => {
    fc.assert(
      fc.property(name, name, (service, shard) => {
        const text = targetGroupName(service, shard);
        expect(text.length).toBeLessThanOrEqual(32);
        expect(text).toMatch(/^[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]$/);
        expect(looksOurs(service, text)).toBe(true);
      }),
    );
  });

  it('say service and shard as far as there is room', () => {
    expect(targetGroupName('shop', 'cart')).toMatch(/^shop-cart-[0-9a-z]{10}$/);
    expect(targetGroupName('my-very-long-service-name', 'a-very-long-name-of-a-shard')).toMatch(
      /^my-very-a-very-long-n-[0-9a-z]{10}$/,
    );
  });

  it('are 20,000 different ones for names that are cut to the same text or differ in case', () => {
    const names = Array.from({ length: 10_000 }, (_, i) => `one-and-the-same-start-${i}`);
    const all = ['shop', 'Shop'].flatMap((service) => names.map((shard) => targetGroupName(service, shard)));
    expect(new Set(all.map((text) => text.toLowerCase())).size).toBe(20_000);
  });

  it('stay what they are: a renamed group would be another one', () => {
    expect(targetGroupName('shop', 'cart')).toBe('shop-cart-5keydbted6');
  });
});
