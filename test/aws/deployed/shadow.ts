import { expect, it } from 'vitest';
import { eventually } from '../eventually.ts';
import type { World } from '../world.ts';
import { targetsOf } from './routes.ts';

/** A shard in shadow beside active ones: planned and told of, never touched. */
export function shadow(world: () => World): void {
  it('is planned as if it were active', async () => {
    const scaled = await eventually(
      'what quiet would want',
      async () => {
        const all = await world().published('ShardScaled');
        return all.find(({ shard }) => shard === 'quiet');
      },
      130,
    );
    expect(scaled).toMatchObject({ mode: 'shadow' });
    expect(Number(scaled.to)).toBeGreaterThanOrEqual(1);
  }, 140_000);

  it('is not touched', async () => {
    expect(await targetsOf(world(), 'quiet')).toEqual([]);
    expect(await world().slices('quiet')).toEqual([]);
  });
}
