import { describe, expect, it } from 'vitest';
import { assign } from '../../core/routes/assign.ts';
import { balancersNeeded, routeProblems, SHARDS_PER_BALANCER } from '../../core/routes/problems.ts';
import { freePriority } from '../../core/routes/route.ts';
import { showPath } from '../../core/settings/problem.ts';
import { balancer, groupArn, known, settingsOf } from './factories.ts';

const shards = (n: number, host: boolean) =>
  Array.from({ length: n }, (_, i) => ({
    name: `s${i}`,
    ...(host ? { route: { host: `s${i}.example.com` } } : {}),
  }));

const told = (settings: ReturnType<typeof settingsOf>, loadBalancers: number) =>
  routeProblems(settings, loadBalancers).map(
    ({ path, expected, got }) => `${showPath(path)}: expected ${expected}, got ${got}`,
  );

describe('what the number of load balancers allows', () => {
  it('one load balancer takes 90 shards with any route', () => {
    expect(routeProblems(settingsOf(shards(SHARDS_PER_BALANCER, false)), 1)).toEqual([]);
    expect(told(settingsOf(shards(91, true)), 1)).toEqual([
      'shards: expected at most 90 shards without targetGroup (90 on each of 1 load balancers), got 91',
    ]);
  });

  it('several take host routes only, and a path or a header is named', () => {
    const settings = settingsOf([
      ...shards(91, true),
      { name: 'x' },
      { name: 'y', route: { header: 'a', value: 'b' } },
    ]);
    expect(balancersNeeded(settings)).toBe(2);
    expect(told(settings, 2)).toEqual([
      'shards[91].route: expected a host, because 2 load balancers share the shards, got "/x/*"',
      'shards[92].route: expected a host, because 2 load balancers share the shards, got {"header":"a","value":"b"}',
    ]);
  });

  it('shards that keep their own target group take no room; two cannot keep the same', () => {
    const targetGroup = groupArn('theirs');
    const settings = settingsOf([
      ...shards(90, false),
      { name: 'x', targetGroup },
      { name: 'y', targetGroup },
    ]);
    expect(balancersNeeded(settings)).toBe(1);
    expect(told(settings, 1)).toEqual([
      expect.stringMatching(
        /^shards\[91\]\.targetGroup: expected a target group that shard x does not have, got "arn/,
      ),
    ]);
  });
});

describe('which load balancer a shard is on', () => {
  const balancers = [balancer(0), balancer(1)];
  const { shards: many } = settingsOf(shards(120, true));

  it('fills one after the other', () => {
    const assigned = assign(many, balancers, [], []);
    expect(assigned.get('s89')).toBe(balancers[0]);
    expect(assigned.get('s90')).toBe(balancers[1]);
  });

  it('stays where it is when others come and go', () => {
    const before = [
      known('s5', { listener: balancer(1).listener }),
      known('s100', { listener: balancer(0).listener }),
    ];
    const assigned = assign(many.slice(3), balancers, before, []);
    expect(assigned.get('s5')).toBe(balancers[1]);
    expect(assigned.get('s100')).toBe(balancers[0]);
    expect(assigned.size).toBe(117);
  });

  it('is another one when its own has gone, and none when all are full', () => {
    const gone = [known('s5', { listener: balancer(7).listener })];
    expect(assign(many, balancers, gone, []).get('s5')).toBe(balancers[0]);
    expect(assign(many, [balancer(0)], [], []).size).toBe(90);
  });
});

describe('priorities', () => {
  it('look at longer patterns first, and at headers before all', () => {
    const [header, gift, cart] = [
      freePriority({ header: 'x-shard', value: 'a' }, new Set()),
      freePriority({ path: '/cart/gift/*' }, new Set()),
      freePriority({ path: '/cart/*' }, new Set()),
    ];
    expect(header).toBeLessThan(gift);
    expect(gift).toBeLessThan(cart);
  });

  it('are never taken twice, and stay in bounds for 100 rules of any length', () => {
    const taken = new Set<number>();
    for (let i = 0; i < 100; i++) {
      for (const path of ['/', `/${'x'.repeat(127)}`]) {
        const priority = freePriority({ path }, taken);
        expect(taken.has(priority)).toBe(false);
        expect(priority).toBeGreaterThan(0);
        expect(priority).toBeLessThanOrEqual(50_000);
        taken.add(priority);
      }
    }
  });
});
