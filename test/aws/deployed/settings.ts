import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { eventually } from '../eventually.ts';
import type { World } from '../world.ts';
import { serving, settled } from './guarantees.ts';
import { rulesOf, targetGroupOf } from './routes.ts';

const SETTINGS = new URL('../settings.yaml', import.meta.url);

/** The settings of the deploy, with one shard more, and other words for one that serves nothing. */
async function withExtra({ where }: World): Promise<string> {
  const text = (await readFile(SETTINGS, 'utf8')).replace(
    '- name: quiet\n',
    '- name: quiet\n    route: { path: /silent/* }\n    health: { path: /ready }\n',
  );
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
    const quiet = (await targetGroupOf(world(), 'quiet'))!;
    expect(quiet.HealthCheckPath).toBe('/ready');
    expect((await rulesOf(world())).get(quiet.TargetGroupArn)?.Conditions?.[0]).toMatchObject({
      PathPatternConfig: { Values: ['/silent/*'] },
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

/** Comes last: the shard is drained first, which takes its time. */
export function settingsEnd(world: () => World): void {
  it('take a shard away: drained first, then its rule and target group', async () => {
    const group = (await targetGroupOf(world(), 'extra'))!;
    await world().foreshard('settings', '--put', SETTINGS.pathname);
    await eventually(
      'nothing left of extra',
      async () => {
        await world().tick();
        await world().invoke('route-sync', {});
        return (await world().table.get('route', 'extra')) === undefined;
      },
      120,
    );
    expect((await rulesOf(world())).has(group.TargetGroupArn)).toBe(false);
    expect(await serving(world(), 'extra')).toEqual([]);
  }, 130_000);
}
