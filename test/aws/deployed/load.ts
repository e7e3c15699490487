import { expect, it } from 'vitest';
import { eventually } from '../eventually.ts';
import type { World } from '../world.ts';
import { serving } from './guarantees.ts';

const minute = (time: number) => new Date(time).toISOString().slice(0, 10);

/** Minutes that are told when their load is another one: what rises need not wait for the next minute then. */
export const UNTOLD = 4;

export function load(world: () => World): void {
  it('writes down the load that CloudWatch has', async () => {
    await Promise.all([
      world().measure('web', 120, 30, UNTOLD),
      world().measure('api', 20, 30, UNTOLD),
      world().measure('quiet', 500, 30),
      world().measure('night', 0, 30, UNTOLD),
    ]);
    const [newest] = (
      await eventually(
        'a minute with the load of web',
        async () => {
          await world().tick();
          const items = await world().items(`load#${minute(Date.now())}`);
          return items.length > 0 && items;
        },
        130,
      )
    ).slice(-1);
    expect(newest).toHaveProperty('loads');
  }, 140_000);

  it('forecasts each shard by its schedule', async () => {
    const forecasts = await eventually(
      'forecasts of all shards',
      async () => {
        const items = await world().items('forecast');
        return items.length === 4 && items;
      },
      130,
    );
    expect(forecasts.map(({ sk }) => sk).sort()).toEqual(['api', 'night', 'quiet', 'web']);
    for (const { sk, quantiles, at } of forecasts) {
      expect(Number(at), sk).toBeGreaterThan(Date.now() / 1000 - 300);
      expect((quantiles as Uint8Array).byteLength, sk).toBeGreaterThan(0);
    }
  }, 140_000);

  it('raises the fleet and moves instances to the shard whose load rises', async () => {
    const before = await world().groups();
    await world().measure('web', 380, UNTOLD);
    await eventually(
      'four slices of web or more',
      async () => {
        await world().measure('web', 380, 1);
        await world().tick();
        return (await serving(world(), 'web')).length >= 4;
      },
      240,
    );
    const after = await world().groups();
    expect(after.steady.desired + after.spot.desired).toBeGreaterThan(
      before.steady.desired + before.spot.desired,
    );
    const scaled = await world().published('ShardScaled');
    expect(scaled).toContainEqual(expect.objectContaining({ shard: 'web', mode: 'active' }));
  }, 250_000);
}
