import { describe, expect, it } from 'vitest';
import { sliceIdsOf } from '../../core/shards/slice.ts';
import { type Lacks, launch, type Make, NO_LACKS } from './harness.ts';

export function loadBalancerContract(make: Make, lacks: Lacks = NO_LACKS): void {
  const registered = async () => {
    const h = await make();
    const [id = ''] = await launch(h, 1);
    const [slice = ''] = sliceIdsOf(id, h.settings);
    const health = () => h.drive(h.ports.loadBalancer.health('web', slice));
    await h.drive(h.ports.hosts.run(slice, { kind: 'activate', shard: 'web' }));
    await h.drive(h.ports.loadBalancer.register('web', slice));
    return { h, slice, health };
  };

  describe('LoadBalancer', () => {
    it('says `unused` of what was never registered, and takes it out without a word', async () => {
      const h = await make();
      await h.drive(h.ports.loadBalancer.deregister('web', 'i-nobody:8080'));
      expect(await h.drive(h.ports.loadBalancer.health('web', 'i-nobody:8080'))).toBe('unused');
    });

    it.skipIf(lacks.has('target-states'))(
      'serves a target once a check has passed; registering it twice changes nothing',
      async () => {
        const { h, slice, health } = await registered();
        expect(await health()).toBe('initial');
        await h.wait(h.settings.fleet.leadTimes.activate.seconds * 3);
        expect(await health()).toBe('healthy');
        await h.drive(h.ports.loadBalancer.register('web', slice));
        expect(await health()).toBe('healthy');
      },
    );

    it.skipIf(lacks.has('target-states'))(
      'drains a target before it is unused; deregistering it twice does not begin again',
      async () => {
        const { h, slice, health } = await registered();
        const { drain, activate } = h.settings.fleet.leadTimes;
        await h.wait(activate.seconds * 3);
        await h.drive(h.ports.loadBalancer.deregister('web', slice));
        expect(await health()).toBe('draining');
        await h.wait(drain.seconds / 2);
        await h.drive(h.ports.loadBalancer.deregister('web', slice));
        await h.wait(drain.seconds * 0.75);
        expect(await health()).toBe('unused');
      },
    );

    it.skipIf(lacks.has('unknown-target'))('refuses a target whose instance does not run', async () => {
      const h = await make();
      await expect(h.drive(h.ports.loadBalancer.register('web', 'i-nobody:8080'))).rejects.toThrow(
        'i-nobody',
      );
    });
  });
}
