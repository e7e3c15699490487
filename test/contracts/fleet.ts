import { describe, expect, it } from 'vitest';
import { sliceIdsOf } from '../../core/shards/slice.ts';
import { type Lacks, launch, type Make, NO_LACKS, stateOf } from './harness.ts';

const reason = { rule: 'pool' } as const;

export function fleetContract(make: Make, lacks: Lacks = NO_LACKS): void {
  describe('Fleet', () => {
    it.skipIf(lacks.has('launch-instances'))(
      'starts instances, which show before they run; a repeat of the key starts no more',
      async () => {
        const h = await make();
        const start = { kind: 'start', group: 'steady', count: 2, reason } as const;
        await h.drive(h.ports.fleet.apply(start, 'one'));
        await h.drive(h.ports.fleet.apply(start, 'one'));
        await h.wait(h.shows ?? 0);
        const before = await h.drive(h.ports.fleet.list());
        expect(before.map(({ state }) => state)).toEqual(['starting', 'starting']);
        await h.wait(h.settings.fleet.leadTimes.cold.seconds * 3);
        const after = await h.drive(h.ports.fleet.list());
        expect(after.map(({ state }) => state)).toEqual(['running', 'running']);
        expect(after.map(({ id }) => id)).toEqual(before.map(({ id }) => id));
        for (const instance of after) {
          expect(h.settings.fleet.zones).toContain(instance.zone);
          expect(h.settings.fleet.instanceTypes.map(({ type }) => type)).toContain(instance.type);
        }
      },
    );

    it.skipIf(lacks.has('warm-pool'))(
      'stops a released instance into the warm pool, and starts that one next',
      async () => {
        const h = await make();
        const [id = ''] = await launch(h, 1);
        await h.drive(h.ports.fleet.apply({ kind: 'release', instance: id, to: 'warm', reason }, 'r'));
        await h.wait(h.settings.fleet.leadTimes.drain.seconds * 3);
        expect((await stateOf(h, id))?.state).toBe('warm');
        await h.drive(h.ports.fleet.apply({ kind: 'start', group: 'steady', count: 1, reason }, 's'));
        await h.wait(h.shows ?? 0);
        expect(await stateOf(h, id)).toMatchObject({ state: 'starting', origin: 'warm' });
        await h.wait(h.settings.fleet.leadTimes.warm.seconds * 3);
        expect((await stateOf(h, id))?.state).toBe('running');
      },
    );

    it('keeps a released instance draining while it is registered', async () => {
      const h = await make();
      const [id = ''] = await launch(h, 1);
      const [slice = ''] = sliceIdsOf(id, h.settings);
      await h.drive(h.ports.loadBalancer.register('web', slice));
      await h.wait(h.settings.fleet.leadTimes.activate.seconds * 3);
      await h.drive(h.ports.fleet.apply({ kind: 'release', instance: id, to: 'retired', reason }, 'r'));
      await h.wait(h.settings.fleet.leadTimes.drain.seconds * 3);
      expect((await stateOf(h, id))?.state).toBe('draining');
      await h.drive(h.ports.loadBalancer.deregister('web', slice));
      await h.wait(h.settings.fleet.leadTimes.drain.seconds * 3);
      expect((await stateOf(h, id))?.state ?? 'retired').toBe('retired');
    });

    it.skipIf(lacks.has('warm-pool'))('stocks the warm pool, and discards from it', async () => {
      const h = await make();
      await h.drive(h.ports.fleet.apply({ kind: 'stock', count: 1, reason }, 'stock'));
      await h.wait(h.settings.fleet.leadTimes.cold.seconds * 3);
      const [stocked] = await h.drive(h.ports.fleet.list());
      expect(stocked?.state).toBe('warm');
      const instance = stocked?.id ?? '';
      await h.drive(h.ports.fleet.apply({ kind: 'discard', instance, reason }, 'discard'));
      await h.wait(h.shows ?? 0);
      expect((await stateOf(h, instance))?.state ?? 'retired').toBe('retired');
    });

    it.skipIf(lacks.has('launch-instances'))(
      'launches one in the zone that was asked for, once per key, and none in a pool to be avoided',
      async () => {
        const h = await make();
        const { zones, instanceTypes } = h.settings.fleet;
        const zone = zones.at(-1)!;
        const launched = { kind: 'launch', group: 'spot', zone, reason } as const;
        for (let i = 0; i < 2; i++) await h.drive(h.ports.fleet.apply(launched, 'launch'));
        await h.wait(h.settings.fleet.leadTimes.cold.seconds * 3);
        const found = await h.drive(h.ports.fleet.list());
        expect(found).toMatchObject([{ state: 'running', group: 'spot', zone }]);
        if (instanceTypes.length > 1) return;
        const avoid = { type: instanceTypes[0]!.type, zone };
        await expect(h.drive(h.ports.fleet.apply({ ...launched, avoid }, 'avoid'))).rejects.toMatchObject({
          name: 'NoCapacity',
        });
        await h.wait(h.settings.fleet.leadTimes.cold.seconds * 3);
        expect((await h.drive(h.ports.fleet.list())).map(({ id }) => id)).toEqual(found.map(({ id }) => id));
      },
    );

    it('retires an instance that must go, and one that is gone already', async () => {
      const h = await make();
      const [id = ''] = await launch(h, 1);
      for (let i = 0; i < 2; i++) await h.drive(h.ports.fleet.retire(id, 'unhealthy'));
      await h.wait(h.settings.fleet.leadTimes.drain.seconds * 3);
      expect((await stateOf(h, id))?.state ?? 'retired').toBe('retired');
    });

    it('shows what Spot announced, said once or twice or about an unknown instance', async () => {
      const h = await make();
      const [id = ''] = await launch(h, 1);
      const at = h.ports.clock.now();
      for (const instance of [id, id, 'i-unknown'])
        await h.drive(h.ports.fleet.announce(instance, { kind: 'rebalance', at }));
      expect(await stateOf(h, id)).toMatchObject({ state: 'running', rebalanceAt: at });
      const notice = { kind: 'interruption', at, deadline: at + 100 } as const;
      for (const instance of [id, id, 'i-unknown']) await h.drive(h.ports.fleet.announce(instance, notice));
      expect(await stateOf(h, id)).toMatchObject({ state: 'interrupted', deadline: at + 100 });
    });
  });
}
