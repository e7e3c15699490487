import { expect, it } from 'vitest';
import { eventually } from '../eventually.ts';
import type { World } from '../world.ts';
import { targetsOf } from './routes.ts';

/** Slices that serve a shard. */
export async function serving(world: World, shard: string): Promise<string[]> {
  const slices = await world.slices(shard);
  return slices
    .filter(({ placement }) => (placement as { kind: string }).kind === 'active')
    .map(({ sk }) => sk)
    .sort();
}

/** The slices of a shard, once there are `size` and the load balancer has what the table says. */
export async function settled(world: World, shard: string, size: number): Promise<string[] | undefined> {
  const slices = await serving(world, shard);
  const targets = await targetsOf(world, shard);
  return slices.length === size && JSON.stringify(slices) === JSON.stringify(targets) ? slices : undefined;
}

export function guarantees(world: () => World): void {
  it('plans by its schedule', async () => {
    const tick = await eventually('a good tick', () => world().table.get('state', 'tick'), 120);
    expect(tick).toBeDefined();
  }, 130_000);

  it('serves each guarantee of a new fleet, and keeps its pool ready', async () => {
    await eventually(
      'two slices of web, one of api',
      async () => {
        await world().tick();
        const [web, api] = await Promise.all([settled(world(), 'web', 2), settled(world(), 'api', 1)]);
        return web && api;
      },
      240,
    );
    const { steady } = await world().groups();
    expect(steady.instances.map((one) => one.ProtectedFromScaleIn)).not.toContain(false);
    expect(steady.desired).toBe(steady.instances.length);
    expect(steady.desired).toBeGreaterThanOrEqual(3);
  }, 250_000);

  it('did so by executions that succeeded', async () => {
    const moves = await eventually('all moves ended', async () => {
      const all = await world().executions('move');
      return all.length >= 3 && all.every(({ status }) => status !== 'RUNNING') && all;
    });
    expect(new Set(moves.map(({ status }) => status))).toEqual(new Set(['SUCCEEDED']));
    const moved = await world().published('SliceMoved');
    expect(moved.map(({ to }) => to)).toContainEqual({ kind: 'active', shard: 'web' });
  });

  it('lets go of every slice when its move is done', async () => {
    await eventually('no slice is held', async () =>
      (await world().items('slice')).every(({ holder }) => holder === undefined),
    );
  });

  it('writes its moves down', async () => {
    const day = new Date().toISOString().slice(0, 10);
    const moves = await world().items(`moves#${day}`);
    expect(moves.filter(({ outcome }) => outcome === 'done').length).toBeGreaterThanOrEqual(3);
  });
}
