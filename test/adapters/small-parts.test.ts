import { describe, expect, it } from 'vitest';
import { SystemClock } from '../../adapters/aws/clock.ts';
import { Leases } from '../../adapters/aws/leases.ts';
import { heldBy, Modes } from '../../adapters/aws/modes.ts';
import { unwiredPorts } from '../../adapters/aws/unwired.ts';
import type { StoredSlice } from '../../core/ports.ts';
import type { Placement } from '../../core/shards/placement.ts';
import { clockContract } from '../contracts/others.ts';
import { MemoryTable } from '../model-aws/memory-table.ts';
import { settingsOf, T0 } from '../world/fixtures.ts';

describe('Leases', () => {
  it('has one holder at a time, who may prolong it', async () => {
    const leases = new Leases(new MemoryTable());
    expect(await leases.take('plan', 'a', T0 + 60, T0)).toBe(true);
    expect(await leases.take('plan', 'b', T0 + 60, T0 + 59)).toBe(false);
    expect(await leases.take('plan', 'a', T0 + 90, T0 + 59)).toBe(true);
    expect(await leases.take('plan', 'b', T0 + 120, T0 + 60)).toBe(false);
    expect(await leases.take('poll-targets', 'b', T0 + 60, T0)).toBe(true);
  });

  it('is free once it has run out or been released, by its holder only', async () => {
    const leases = new Leases(new MemoryTable());
    await leases.take('plan', 'a', T0 + 60, T0);
    await leases.release('plan', 'b');
    expect(await leases.take('plan', 'b', T0 + 60, T0 + 1)).toBe(false);
    expect(await leases.take('plan', 'b', T0 + 120, T0 + 60)).toBe(true);
    await leases.release('plan', 'a');
    expect(await leases.take('plan', 'a', T0 + 120, T0 + 61)).toBe(false);
    await leases.release('plan', 'b');
    expect(await leases.take('plan', 'a', T0 + 120, T0 + 61)).toBe(true);
  });

  it('goes to one of many that ask at once', async () => {
    const leases = new Leases(new MemoryTable());
    const asked = Array.from({ length: 20 }, (_, i) => leases.take('plan', `${i}`, T0 + 60, T0));
    expect((await Promise.all(asked)).filter(Boolean)).toHaveLength(1);
  });
});

describe('Modes', () => {
  it('gives what was switched last, with what a shard in hold keeps', async () => {
    const modes = new Modes(new MemoryTable());
    expect(await modes.read()).toEqual({ modes: {}, holdAt: {} });
    await modes.switch('web', 'hold', T0, 'ann', 2.5);
    await modes.switch('cart', 'active', T0, 'ann');
    expect(await modes.read()).toEqual({ modes: { web: 'hold', cart: 'active' }, holdAt: { web: 2.5 } });
    await modes.switch('web', 'shadow', T0, 'bob');
    expect(await modes.read()).toEqual({ modes: { web: 'shadow', cart: 'active' }, holdAt: {} });
  });

  it('counts for hold what a shard has or gets, by the share of each slice', () => {
    const slices = (
      [
        { kind: 'active', since: T0, shard: 'web' },
        { kind: 'activating', since: T0, shard: 'web' },
        { kind: 'draining', since: T0, shard: 'cart', to: 'web' },
        { kind: 'draining', since: T0, shard: 'web' },
        { kind: 'draining', since: T0, shard: 'web', to: 'cart' },
        { kind: 'reserved', since: T0, shard: 'web', until: T0 + 60 },
        { kind: 'active', since: T0, shard: 'cart' },
        { kind: 'ready', since: T0 },
      ] satisfies Placement[]
    ).map((placement, i): StoredSlice => ({ slice: `i-${i}:8080`, placement, version: 1 }));
    expect(heldBy('web', slices, (slice) => (slice.startsWith('i-0:') ? 2 : 0.5))).toBe(3);
    expect(heldBy('none', slices, () => 1)).toBe(0);
  });
});

describe('SystemClock', () => {
  clockContract(async () => ({
    ports: unwiredPorts({ clock: fast(new SystemClock()) }),
    settings: settingsOf(['web']),
    drive: (work) => work,
    wait: async () => {},
  }));

  it('tells epoch seconds', () => {
    expect(Math.abs(new SystemClock().now() - Date.now() / 1000)).toBeLessThan(60);
  });
});

/** A hundred times as fast, so that nobody waits for the contract's two seconds. */
function fast(clock: SystemClock) {
  const start = clock.now();
  // Rounded up: a number of seconds since 1970 has no room for more digits.
  const real = (virtual: number) => start + (virtual - start) / 100 + 1e-6;
  return {
    now: () => start + (clock.now() - start) * 100,
    sleepUntil: (until: number) => clock.sleepUntil(real(until)),
  };
}

describe('ports that are not wired', () => {
  it('say so when used, not before', async () => {
    const clock = { now: () => 5, sleepUntil: async () => {} };
    const ports = unwiredPorts({ clock });
    expect(ports.clock.now()).toBe(5);
    expect(() => ports.fleet.list()).toThrow('port fleet is not wired here');
    expect(() => ports.loadBalancer.register('a', 'b')).toThrow('port loadBalancer is not wired here');
    expect(await Promise.resolve(ports.metrics)).toBe(ports.metrics);
  });
});
