import { expect, it } from 'vitest';
import type { World } from '../world.ts';
import { serving } from './guarantees.ts';

export function commands(world: () => World): void {
  it('status shows each shard with its mode', async () => {
    const said = await world().foreshard('status');
    for (const [shard, mode] of Object.entries({ web: 'active', quiet: 'shadow' }))
      expect(said).toMatch(new RegExp(`${shard}\\s.*${mode}|${shard}[^\\n]*${mode}`));
    const json = JSON.parse(await world().foreshard('status', '--json'));
    expect(JSON.stringify(json)).toContain('"web"');
  });

  it('explain tells why an instance came to its shard', async () => {
    const [slice] = await serving(world(), 'web');
    const said = await world().foreshard(
      'explain',
      ...['--instance', slice!.split(':')[0]!],
      ...['--at', `${new Date().toISOString().slice(0, 19)}Z`],
    );
    expect(said).toContain('web');
  });
}
