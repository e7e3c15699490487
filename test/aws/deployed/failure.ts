import { DeleteRuleCommand, DeleteTargetGroupCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { expect, it } from 'vitest';
import { eventually } from '../eventually.ts';
import type { World } from '../world.ts';
import { serving, settled } from './guarantees.ts';
import { rulesOf, targetGroupOf } from './routes.ts';

/** Somebody deletes the target group of a shard while a move is about to register there. */
export function failure(world: () => World): void {
  it('gives the slice of a failed move back', async () => {
    const { fleet } = world();
    const group = (await targetGroupOf(world(), 'extra'))!;
    const rule = (await rulesOf(world())).get(group.TargetGroupArn)!;
    await fleet.elb.send(new DeleteRuleCommand({ RuleArn: rule.RuleArn! }));
    const [slice] = await serving(world(), 'extra');
    const before = new Set((await world().executions('move')).map(({ name }) => name));
    // What is lost is replaced: a move to extra begins, and finds no target group.
    await fleet.elb.send(new DeleteTargetGroupCommand({ TargetGroupArn: group.TargetGroupArn! }));
    await world().foreshard('mode', 'extra', 'hold');
    await world().table.delete('slice', slice!);
    const failed = await eventually(
      'a move that failed',
      async () => {
        await world().tick();
        const events = await world().published('MoveFailed');
        return events.at(-1);
      },
      240,
    );
    expect(failed).toMatchObject({ error: expect.stringMatching(/TargetGroup|target group/) });
    const ended = await eventually('its execution ended', async () => {
      const all = await world().executions('move');
      return all.find(({ name, status }) => !before.has(name!) && status !== 'RUNNING');
    });
    expect(ended.name).toBeDefined();
    const item = await eventually(
      'nobody holds the slice',
      async () => {
        const found = await world().table.get('slice', String(failed.slice));
        return found !== undefined && found.holder === undefined && found;
      },
      120,
    );
    expect(item.placement).toMatchObject({ kind: 'ready' });
  }, 250_000);

  it('heals when the target group is there again', async () => {
    await world().invoke('route-sync', {});
    await eventually(
      'one slice of extra',
      async () => {
        await world().tick();
        return settled(world(), 'extra', 1);
      },
      240,
    );
  }, 250_000);
}
