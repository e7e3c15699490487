import { describe, expect, it } from 'vitest';
import { nameOfKey, routeOfKey, whyNotWithin } from '../../../core/forecast/emerging/key.ts';
import { freePriority, type Route, routeOf } from '../../../core/routes/route.ts';
import { parseSettings } from '../../../core/settings/parse.ts';

const settingsOf = (...routes: string[]) =>
  parseSettings(
    `service: s\nfleet: { max: 20 }\nshards:\n${routes.map((route, i) => `  - { name: s${i}, capacity: { perInstance: 1 }, ${route} }`).join('\n')}\n`,
    'test',
  );

describe('the route of a key', () => {
  it.each([
    ['path', '/cart/gift', { path: '/cart/gift/*' }],
    ['host', 'acme.example.com', { host: 'acme.example.com' }],
    [{ header: 'X-Tenant' }, 'acme_2', { header: 'X-Tenant', value: 'acme_2' }],
  ] as const)('by %s leads to %s alone', (by, key, route) => {
    expect(routeOfKey(key, by)).toEqual(route);
  });

  it.each([
    ['path', '/cart/*'],
    ['path', 'cart'],
    ['path', '/cart/../admin'],
    ['path', '/cart//x'],
    ['path', '/'],
    ['path', `/${'x'.repeat(64)}`],
    ['host', '*.example.com'],
    ['host', 'localhost'],
    ['host', 'a..b'],
    [{ header: 'X-Tenant' }, 'a/b'],
    [{ header: 'X-Tenant' }, '\u001b[2J'],
    [{ header: 'X-Tenant' }, ''],
  ] as const)('by %s is none for %j', (by, key) => {
    expect(routeOfKey(key, by)).toBeUndefined();
  });
});

describe('a route inside a shard', () => {
  it.each<[string, Route]>([
    ['route: { path: /s0/* }', { path: '/s0/gift/*' }],
    ['', { path: '/s0/gift/*' }],
    ['route: { path: "/*" }', { path: '/s0/*' }],
    ['route: { path: "/s0*" }', { path: '/s0/*' }],
    ['route: { host: "*.example.com" }', { host: 'a.example.com' }],
    ['route: { header: x-tenant, value: "*" }', { header: 'X-Tenant', value: 'a' }],
  ])('of %j: %j takes a part of its requests, and comes before it', (old, route) => {
    const settings = settingsOf(old, 'route: { path: /other/* }');
    const [of] = settings.shards;
    expect(whyNotWithin(route, of!, settings)).toBeUndefined();
    const taken = new Set<number>();
    const before = freePriority(routeOf(of!), taken);
    taken.add(before);
    expect(freePriority(route, taken)).toBeLessThan(before);
  });

  it.each<[string, Route]>([
    ['route: { path: /s0/* }', { path: '/other/*' }],
    ['route: { path: /s0/* }', { path: '/s0/*' }],
    ['route: { path: "/*/s0/*" }', { path: '/x/s0/*' }],
    ['route: { path: /s0 }', { path: '/s0/gift/*' }],
    ['route: { host: a.example.com }', { path: '/gift/*' }],
    ['route: { host: a.example.com }', { host: 'b.a.example.com' }],
    ['route: { path: /s0/* }', { host: 'a.example.com' }],
    ['route: { path: /s0/* }', { header: 'X-Tenant', value: 'a' }],
    ['route: { header: X-Other, value: "*" }', { header: 'X-Tenant', value: 'a' }],
    [
      'targetGroup: "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/a/0123456789abcdef"',
      { path: '/s0/gift/*' },
    ],
  ])('of %j: %j would take requests of others, or none', (old, route) => {
    const settings = settingsOf(old, 'route: { path: /else/* }');
    expect(whyNotWithin(route, settings.shards[0]!, settings)).toMatch(/s0/);
  });

  it('may be a header where there is no other shard', () => {
    const settings = settingsOf('route: { path: "/*" }');
    expect(whyNotWithin({ header: 'X-Tenant', value: 'a' }, settings.shards[0]!, settings)).toBeUndefined();
  });
});

describe('the name of a key', () => {
  it.each([
    ['/cart/gift', 'cart-gift'],
    ['acme.example.com', 'acme-example-com'],
    ['__', 'shard'],
    [`/${'long/'.repeat(12)}x`, 'long-long-long-long-long-long-lo'],
  ])('%s is %s', (key, name) => {
    expect(nameOfKey(key, new Set())).toBe(name);
  });

  it('is another one where it is taken', () => {
    const name = 'x'.repeat(32);
    expect(nameOfKey(name, new Set([name]))).toBe(`${'x'.repeat(30)}-2`);
    expect(nameOfKey('a', new Set(['a', 'a-2']))).toBe('a-3');
  });
});
