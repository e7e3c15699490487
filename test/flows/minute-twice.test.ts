import { describe, expect, it } from 'vitest';
import { minute } from '../../flows/minute.ts';
import type { MinuteParts } from '../../flows/minute-parts.ts';
import { watch } from '../world/invariants.ts';
import { rising, types } from './minute-stage.ts';
import { ON_A, READY } from './stage.ts';

describe('two ticks', () => {
  it('at once are one, and the plan that the second asked for is made after the first', async () => {
    const one = await rising();
    const { clock } = one.world;
    const { read } = one.parts.forecasts;
    const slow = {
      ...one.parts,
      forecasts: {
        read: async () => {
          await clock.sleepUntil(clock.now() + 5);
          return read();
        },
      },
    };
    const first = minute(slow, { holder: 'first', endsAt: clock.now() + 50 });
    await one.world.runUntil(clock.now() + 2);
    const second = await one.tick();
    expect(second).toEqual({ outcome: 'skipped' });
    expect(one.memory.skipped).toBe(1);
    const result = await clock.settle(first);
    expect(result).toMatchObject({ outcome: 'done', rounds: [{}, {}] });
    expect(one.plans).toHaveLength(2);
    expect(one.leases.size).toBe(0);
    // The slice is moved once.
    expect(one.published.filter(({ type }) => type === 'ShardScaled')).toHaveLength(1);
  });

  it('count a move that failed once, also while ticks are not good', async () => {
    const one = await rising();
    const at = one.world.clock.now();
    const move = { slice: ON_A, from: { kind: 'active', shard: 'a' }, to: { kind: 'ready' } } as const;
    const moves = async () => [{ at: at - 90, move, outcome: 'failed', doneAt: at - 30 }];
    const parts = {
      ...one.parts,
      records: { ...one.parts.records, moves },
      forecasts: { read: () => Promise.reject(new Error('throttled')) },
    };
    const counts: number[] = [];
    for (let m = 0; m < 3; m++) {
      const result = await one.tick(parts);
      if (result.outcome === 'skipped') expect.unreachable('skipped');
      else counts.push(...result.rounds.map(({ good, failedMoves }) => (good ? -1 : failedMoves)));
      await one.world.runUntil(one.world.clock.now() + 60);
    }
    expect(counts).toEqual([1, 0, 0]);
  });

  it('one after the other in the same second move a slice once', async () => {
    const one = await rising();
    await one.tick();
    await one.tick();
    expect(await watch(one.world, one.world.clock.now() + 60)).toEqual([]);
    expect(one.published.filter(({ type }) => type === 'SliceMoved')).toHaveLength(1);
    expect(one.published.filter(({ type }) => type === 'MoveFailed')).toEqual([]);
  });

  it('one that was killed keeps the next from nothing once its time is over', async () => {
    const one = await rising();
    one.leases.set('plan', { holder: 'dead', expires: one.world.clock.now() + 50 });
    expect(await one.tick()).toEqual({ outcome: 'skipped' });
    await one.world.runUntil(one.world.clock.now() + 60);
    expect(await one.tick()).toMatchObject({ outcome: 'done', rounds: [{ good: true }] });
  });

  it('of which the first died anywhere half-way come to what one would have done', async () => {
    const dead = new Promise<never>(() => {});
    for (let killed = 0; ; killed++) {
      const one = await rising();
      let calls = 0;
      const mortal = <T extends object>(port: T): T =>
        new Proxy(port, {
          get(target, name) {
            const method = Reflect.get(target, name, target) as unknown;
            if (typeof method !== 'function') return method;
            return (...args: unknown[]) => (calls++ >= killed ? dead : method.apply(target, args));
          },
        });
      const { ports } = one.world;
      const parts: MinuteParts = {
        ...one.parts,
        events: mortal(one.parts.events),
        memory: mortal(one.parts.memory),
        records: mortal(one.parts.records),
        lease: mortal(one.parts.lease),
        service: (settings) => ({
          ...one.parts.service(settings),
          ports: {
            ...ports,
            store: mortal(ports.store),
            fleet: mortal(ports.fleet),
            workflows: mortal(ports.workflows),
            events: mortal(ports.events),
          },
        }),
      };
      const at = one.world.clock.now();
      let ended = false;
      void minute(parts, { holder: 'mortal', endsAt: at + 50 }).then(() => {
        ended = true;
      });
      expect(await watch(one.world, at + 60)).toEqual([]);
      await one.tick();
      expect(await watch(one.world, at + 90)).toEqual([]);
      expect((await one.world.store.get(READY))?.placement).toMatchObject({ kind: 'active', shard: 'a' });
      expect(one.published.filter(({ type }) => type === 'SliceMoved')).toHaveLength(1);
      if (ended) {
        expect(killed).toBeGreaterThan(12);
        break;
      }
    }
  });
});

describe('modes', () => {
  it('shadow for all: read, planned, told, and nothing touched', async () => {
    const one = await rising();
    Object.assign(one.modes, { a: 'shadow', b: 'shadow' });
    one.world.signals.left = () => {};
    one.world.sicken('i-00000000');
    one.world.fail('i-00000001');
    const before = JSON.stringify(await one.world.store.slices());
    const result = await one.tick();
    expect(result).toMatchObject({ outcome: 'done', rounds: [{ good: true }], failures: [] });
    expect(one.calls).toEqual([]);
    expect(one.plans[0]).toMatchObject({
      moves: [],
      fleet: [],
      shards: [
        { shard: 'a', mode: 'shadow', have: 100, want: 200, reason: { rule: 'forecast' } },
        { shard: 'b', mode: 'shadow' },
      ],
    });
    expect(one.published.find(({ type }) => type === 'ShardScaled')?.detail).toMatchObject({
      shard: 'a',
      from: 1,
      to: 2,
      mode: 'shadow',
    });
    expect(JSON.stringify(await one.world.store.slices())).toBe(before);
    // Said once, as long as it stays so.
    one.published.length = 0;
    await one.tick();
    expect(types(one)).not.toContain('ShardScaled');
  });

  it('shadow for one: drift of its slices is left alone', async () => {
    const one = await rising();
    Object.assign(one.modes, { a: 'shadow' });
    one.world.sicken('i-00000000');
    await one.tick();
    await one.world.runUntil(one.world.clock.now() + 70);
    await one.tick();
    expect(await one.world.store.get(ON_A)).toMatchObject({ placement: { kind: 'active', shard: 'a' } });
    expect(one.world.fleet.get('i-00000000')?.state).toBe('running');
  });

  it('hold: what is lost comes back, one for one, and nothing else', async () => {
    const one = await rising();
    Object.assign(one.modes, { a: 'hold', b: 'hold' });
    Object.assign(one.holdAt, { a: 1, b: 1 });
    await one.tick();
    expect(one.plans[0]).toMatchObject({ moves: [], fleet: [] });
    one.world.fail('i-00000000');
    await one.world.runUntil(one.world.clock.now() + 60);
    await one.tick();
    expect(one.plans[1]?.moves.map(({ to, reason }) => [to, reason.rule])).toEqual([
      [{ kind: 'active', shard: 'a' }, 'replace'],
    ]);
    expect(one.plans[1]?.fleet).toEqual([]);
  });
});
