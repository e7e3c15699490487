import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DescribeTargetGroupsCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { expect, it } from 'vitest';
import { waitingRoute } from '../../../core/forecast/emerging/settings-text.ts';
import { parseSettings } from '../../../core/settings/parse.ts';
import { eventually } from '../eventually.ts';
import { type Grown, remember, report } from '../key-reports.ts';
import type { World } from '../world.ts';

const GROWN: readonly Grown[] = [
  { shard: 'catalog', key: '/catalog/gift', least: 400 },
  { shard: 'checkout', key: '/checkout/express', least: 200 },
];

/** Keys that grew inside a shard, from lines of instances to shards with rules of their own. All of it in shadow. */
export function proposals(world: () => World): void {
  const stored = async (name: string) => (await world().items('proposal')).find(({ sk }) => sk === name);
  const settings = () => world().foreshard('settings');
  const ruled = (shard: string) =>
    eventually(`a target group of ${shard}`, async () => {
      const { control, table } = world();
      const route = await table.get('route', shard);
      if (route === undefined) return undefined;
      const arn = String(route.targetGroup);
      const { TargetGroups } = await control.elb.send(
        new DescribeTargetGroupsCommand({ TargetGroupArns: [arn] }),
      );
      return TargetGroups?.[0];
    });

  it('are made of the keys that instances count, and told once', async () => {
    const now = Date.now() / 1000;
    await remember(world(), GROWN, now);
    await report(world(), GROWN, now);
    await world().invoke('propose-shards', {});
    // Its schedule may have been there first.
    expect(await stored('catalog-gift')).toMatchObject({
      key: '/catalog/gift',
      of: 'catalog',
      route: { path: '/catalog/gift/*' },
      state: 'open',
      load: expect.closeTo(400, -2),
    });
    expect(await world().invoke('propose-shards', {})).toMatchObject({ outcome: 'done', proposed: [] });
    const told = (await world().published('ShardProposed')).map(({ shard }) => shard);
    expect(told.sort()).toEqual(['catalog-gift', 'checkout-express']);
    expect(await world().foreshard('proposals')).toMatch(/catalog-gift.*\/catalog\/gift\/\*.*open/);
  });

  it('become shards when a person accepts them, which nobody asks for before they have instances', async () => {
    const said = await world().foreshard('proposals', 'accept', 'catalog-gift');
    expect(said).toContain('is in the settings');
    const { shards, calendar } = parseSettings(await settings(), 'settings');
    const waiting = waitingRoute('catalog-gift');
    expect(shards.at(-1)).toMatchObject({ name: 'catalog-gift', mode: 'shadow', route: waiting });
    expect(calendar.at(-1)).toMatchObject({ shards: ['catalog-gift'] });
    expect(await stored('catalog-gift')).toMatchObject({ state: 'accepted' });
    expect(await ruled('catalog-gift')).toMatchObject({ Protocol: 'HTTP' });
  });

  it('become shards by themselves where the settings say so', async () => {
    const file = join(world().where.folder, 'auto.yaml');
    await writeFile(file, `${await settings()}\nproposals: { accept: auto }\n`);
    await world().foreshard('settings', '--put', file);
    const accepted = await eventually('checkout-express accepted', async () => {
      await world().invoke('propose-shards', {});
      const one = await stored('checkout-express');
      return one?.state === 'accepted' && one;
    });
    expect(accepted.by).toBe('the setting proposals.accept');
    expect(await settings()).toContain('checkout-express');
    await ruled('checkout-express');
  });
}
