import { TerminateInstancesCommand } from '@aws-sdk/client-ec2';
import { expect, it } from 'vitest';
import { sayTerminated } from '../aws-events.ts';
import { eventually } from '../eventually.ts';
import type { World } from '../world.ts';
import { serving, settled } from './guarantees.ts';
import { UNTOLD } from './load.ts';

export function hold(world: () => World): void {
  it('replaces what is lost, one for one, and does nothing else', async () => {
    const before = await serving(world(), 'api');
    expect(await world().foreshard('mode', 'api', 'hold')).toMatch(/api\s+active\s+→\s+hold/);
    // More than its instances can serve: an active shard would get more.
    await world().measure('api', 390, UNTOLD);

    const lost = before[0]!.split(':')[0]!;
    await world().fleet.ec2.send(new TerminateInstancesCommand({ InstanceIds: [lost] }));
    await sayTerminated(world(), lost);
    const after = await eventually(
      `${before.length} slices of api, without ${lost}`,
      async () => {
        await world().measure('api', 390, 1);
        await world().tick();
        const slices = await settled(world(), 'api', before.length);
        return slices?.length === before.length && !slices.some((slice) => slice.startsWith(lost)) && slices;
      },
      240,
    );
    expect(after).toHaveLength(before.length);
    expect((await world().published('ModeSwitched')).at(-1)).toMatchObject({ shard: 'api', to: 'hold' });
  }, 250_000);

  it('ends with active: the load is served again', async () => {
    await world().foreshard('mode', 'api', 'active');
    await eventually(
      'two slices of api or more',
      async () => {
        await world().measure('api', 390, 1);
        await world().tick();
        return (await serving(world(), 'api')).length >= 2;
      },
      180,
    );
  }, 190_000);
}
