import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { eventually } from '../eventually.ts';
import type { World } from '../world.ts';
import { settled } from './guarantees.ts';
import { rulesOf, targetGroupOf } from './routes.ts';

const SETTINGS = new URL('../settings.yaml', import.meta.url);

/** The settings of the deploy, with one shard more. */
async function withExtra({ where }: World): Promise<string> {
  const text = await readFile(SETTINGS, 'utf8');
  const extra =
    '  - { name: extra, priority: 300, guarantee: 1, capacity: { perInstance: 100 }, mode: active }\n';
  const file = join(where.folder, 'extra.yaml');
  await writeFile(file, text.replace('shards:\n', `shards:\n${extra}`));
  return file;
}

export function settings(world: () => World): void {
  it('are refused when they are wrong', async () => {
    const file = join(world().where.folder, 'wrong.yaml');
    await writeFile(file, (await readFile(SETTINGS, 'utf8')).replace('guarantee: 2', 'guarantee: -2'));
    await expect(world().foreshard('settings', '--put', file)).rejects.toThrow(/guarantee/);
  });

  it('add a shard without a deploy: its target group, its rule, and then its instance', async () => {
    const said = await world().foreshard('settings', '--put', await withExtra(world()));
    expect(said).toContain('extra');
    const group = await eventually('the target group of extra', () => targetGroupOf(world(), 'extra'), 60);
    expect((await rulesOf(world())).get(group.TargetGroupArn)?.Conditions?.[0]).toMatchObject({
      PathPatternConfig: { Values: ['/extra/*'] },
    });
    await eventually(
      'one slice of extra',
      async () => {
        await world().tick();
        return settled(world(), 'extra', 1);
      },
      180,
    );
  }, 250_000);
}
