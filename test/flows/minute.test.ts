import { describe, expect, it } from 'vitest';
import type { MinuteParts } from '../../flows/minute-parts.ts';
import { watch } from '../world/invariants.ts';
import { flat, rising, types } from './minute-stage.ts';
import { READY } from './stage.ts';

const failing = async (): Promise<never> => {
  throw new Error('throttled');
};

describe('the tick of a minute', () => {
  it('plans, acts, records and tells', async () => {
    const one = await rising();
    const result = await one.tick();
    expect(result).toMatchObject({ outcome: 'done', failures: [], rounds: [{ good: true }] });
    expect(one.plans).toHaveLength(1);
    expect(one.plans[0]?.moves.map(({ slice }) => slice)).toEqual([READY]);
    expect(types(one)).toEqual(['PlanMade', 'ShardScaled']);
    expect(one.published[1]?.detail).toEqual({
      shard: 'a',
      from: 1,
      to: 2,
      rule: 'forecast',
      mode: 'active',
    });
    expect(one.memory).toMatchObject({ goodAt: one.plans[0]?.at, etag: 'v1' });
    expect(one.calls).toEqual(['settle', 'poll-targets']);
    expect(one.loads.size).toBe(1);
    expect(one.leases.size).toBe(0);
    expect(await watch(one.world, one.world.clock.now() + 30)).toEqual([]);
    expect(await one.world.loadBalancer.health('a', READY)).toBe('healthy');
  });

  it('sees forecasts from now, and takes old ones for what they are', async () => {
    const one = await rising();
    const { settings, clock } = one.world;
    one.forecasts.set('a', { ...flat('a', 10, clock.now() - 16 * 60, settings) });
    await one.tick();
    // It needs less by now, as far as is known, but that is old.
    expect(one.plans[0]?.shards[0]?.want).toBe(100);
    expect(one.published.find(({ type }) => type === 'ForecastLate')?.detail).toMatchObject({
      shard: 'a',
      age: 960,
    });
  });

  it('tells a finding once, again after ten minutes, and that it has ended', async () => {
    const one = await rising();
    const { clock, settings } = one.world;
    const since = clock.now();
    one.forecasts.delete('a');
    const told: (readonly [number, string])[] = [];
    for (let m = 0; m < 12; m++) {
      await one.world.runUntil(since + m * 60);
      if (m === 11) one.forecasts.set('a', flat('a', 10, clock.now(), settings));
      one.forecasts.set('b', flat('b', 10, clock.now(), settings));
      one.published.length = 0;
      await one.tick();
      for (const { type, detail } of one.published) {
        if (type !== 'ForecastLate' && type !== 'Resolved') continue;
        expect(detail.since).toBe(since);
        told.push([m, type]);
      }
    }
    expect(told).toEqual([
      [0, 'ForecastLate'],
      [10, 'ForecastLate'],
      [11, 'Resolved'],
    ]);
  });

  it('tells again what could not be published', async () => {
    const one = await rising();
    const { events } = one.parts;
    const deaf = {
      publish: async (all: readonly { type: string }[]) =>
        all[0]?.type === 'TickFailed' ? events.publish(all as never) : failing(),
    };
    const result = await one.tick({ ...one.parts, events: deaf });
    expect(result).toMatchObject({ outcome: 'done', rounds: [{ good: true }] });
    expect(one.memory.etag).toBeUndefined();
    expect(types(one)).toEqual(['PlanMade', 'TickFailed']);
    expect(one.published[1]?.detail).toMatchObject({ good: true, count: 1, failures: [{ what: 'publish' }] });
  });

  it('notices changed settings, says so, and has routes follow them: once in five minutes', async () => {
    const one = await rising();
    await one.tick();
    const [a, b] = one.world.settings.shards;
    one.deployed = { settings: { ...one.world.settings, shards: [a!, { ...b!, name: 'c' }] }, etag: 'v2' };
    one.world.ports.metrics.measured = async () => [];
    for (let m = 1; m <= 6; m++) {
      await one.world.runUntil(one.world.clock.now() + 60);
      await one.tick();
    }
    expect(
      one.published.filter(({ type }) => type === 'SettingsChanged').map(({ detail }) => detail),
    ).toEqual([{ etag: 'v2', added: ['c'], removed: ['b'] }]);
    expect(one.calls.filter((call) => call === 'route-sync')).toHaveLength(2);
    one.memory.routesEtag = 'v2';
    await one.world.runUntil(one.world.clock.now() + 600);
    await one.tick();
    expect(one.calls.filter((call) => call === 'route-sync')).toHaveLength(2);
  });

  it('takes back the slices of a shard that left the settings', async () => {
    const one = await rising();
    const [a] = one.world.settings.shards;
    one.deployed = { settings: { ...one.world.settings, shards: [a!] }, etag: 'v2' };
    one.world.ports.metrics.measured = async () => [];
    await one.tick();
    expect(await watch(one.world, one.world.clock.now() + 130)).toEqual([]);
    await one.tick();
    const slices = await one.world.store.slices();
    expect(slices.filter(({ placement }) => placement.kind !== 'ready' && placement.shard === 'b')).toEqual(
      [],
    );
  });
});

describe('a part that fails', () => {
  type Break = (parts: MinuteParts) => MinuteParts;
  const inService =
    (change: (service: ReturnType<MinuteParts['service']>) => object): Break =>
    (parts) => ({
      ...parts,
      service: (settings) => {
        const service = parts.service(settings);
        return { ...service, ...change(service) };
      },
    });
  const parts: readonly (readonly [string, Break])[] = [
    [
      'measure the load',
      inService(({ ports }) => ({ ports: { ...ports, metrics: { ...ports.metrics, measured: failing } } })),
    ],
    ['settle the fleet', inService(({ fleet }) => ({ fleet: { ...fleet, settle: failing } }))],
    ['read open requests', inService(({ fleet }) => ({ fleet: { ...fleet, openRequests: failing } }))],
    ['read the forecasts', (all) => ({ ...all, forecasts: { read: failing } })],
    ['read the last plan', (all) => ({ ...all, records: { ...all.records, latestPlan: failing } })],
    ['record the plan', (all) => ({ ...all, records: { ...all.records, planned: failing } })],
    ['record the load', (all) => ({ ...all, loads: { write: failing } })],
    ['start the target poller', (all) => ({ ...all, start: { ...all.start, pollTargets: failing } })],
    ['remember the tick', (all) => ({ ...all, memory: { ...all.memory, write: failing } })],
  ];

  it.each(parts)('(%s) is told, and the others go on', async (what, broken) => {
    const one = await rising();
    const result = await one.tick(broken(one.parts));
    expect(result).toMatchObject({ outcome: 'done', failures: [{ what, error: 'Error: throttled' }] });
    expect(types(one)).toContain('PlanMade');
    expect(one.published.at(-1)).toMatchObject({
      type: 'TickFailed',
      detail: { good: false, count: 1, failures: [{ what }] },
    });
    expect(one.memory.goodAt).toBeUndefined();
  });

  it('makes nothing smaller for want of forecasts', async () => {
    const one = await rising();
    await one.tick({ ...one.parts, forecasts: { read: failing } });
    expect(one.plans[0]).toMatchObject({ moves: [], fleet: [], shards: [{ want: 100 }, { want: 100 }] });
  });

  const fatal: readonly (readonly [string, Break])[] = [
    ['settings', (all) => ({ ...all, settings: { read: failing } })],
    ['modes', (all) => ({ ...all, modes: { read: failing } })],
    ['fleet', inService(({ ports }) => ({ ports: { ...ports, fleet: { ...ports.fleet, list: failing } } }))],
  ];

  it.each(fatal)('stops the tick where it is not known what may be touched: %s', async (_, broken) => {
    const one = await rising();
    const before = JSON.stringify(await one.world.store.slices());
    const result = await one.tick(broken(one.parts));
    expect(result).toMatchObject({ outcome: 'failed', rounds: [{ good: false }] });
    expect(types(one)).toEqual(['TickFailed']);
    expect(JSON.stringify(await one.world.store.slices())).toBe(before);
    expect(one.world.workflows.running).toBe(0);
    // The next one makes up for it.
    expect(await one.tick()).toMatchObject({ outcome: 'done', rounds: [{ good: true }] });
  });

  it('is in the result where not even the lease can be had', async () => {
    const one = await rising();
    const result = await one.tick({ ...one.parts, lease: { ...one.parts.lease, take: failing } });
    expect(result).toMatchObject({ outcome: 'failed', rounds: [], failures: [{ what: 'tick' }] });
    expect(types(one)).toEqual(['TickFailed']);
  });

  it('that hangs does not keep the plan waiting', async () => {
    const one = await rising();
    const { ports, clock } = one.world;
    one.world.store.seed('i-00000001:8090', { kind: 'draining', since: 0, shard: 'b' });
    ports.hosts.run = async () => {
      await clock.sleepUntil(clock.now() + 3600);
      return { ok: true };
    };
    const at = clock.now();
    const result = await one.tick();
    expect(one.plans[0]?.at).toBe(at + 18);
    expect(result).toMatchObject({
      failures: [{ what: 'reconcile' }],
      rounds: [{ good: false, seconds: 18 }],
    });
  });
});

describe('time', () => {
  it('that runs out keeps anything from being begun', async () => {
    const one = await rising();
    const result = await one.tick(one.parts, 4);
    expect(result).toMatchObject({ outcome: 'failed' });
    expect(one.plans).toEqual([]);
    expect(one.world.workflows.running).toBe(0);
  });

  it('that runs out between the plan and its effects leaves these to the next tick', async () => {
    const one = await rising();
    const { clock } = one.world;
    // Planning itself takes the time: the clock that the flow reads jumps when it is done.
    let planned = false;
    const jumping: MinuteParts = {
      ...one.parts,
      planner: (...input) => {
        const made = one.parts.planner(...input);
        planned = true;
        return made;
      },
      service: (settings) => {
        const service = one.parts.service(settings);
        const ports = {
          ...service.ports,
          clock: {
            now: () => clock.now() + (planned ? 100 : 0),
            sleepUntil: (until: number) => clock.sleepUntil(until),
          },
        };
        return { ...service, ports };
      },
    };
    const result = await one.tick(jumping);
    const [round] = result.outcome === 'skipped' ? [] : result.rounds;
    expect(round?.tick?.moves).toEqual([]);
    expect(round?.tick?.refused[0]?.why).toBe('no time is left in this tick');
  });
});
