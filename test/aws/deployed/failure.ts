import { DeleteRuleCommand, DeleteTargetGroupCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { expect, it } from 'vitest';
import { executionName } from '../../../adapters/aws/workflows.ts';
import { eventually } from '../eventually.ts';
import type { World } from '../world.ts';
import { serving, settled } from './guarantees.ts';
import { rulesOf, targetGroupOf } from './routes.ts';

/** Deletes rule and target group of a shard behind Foreshard's back, as often as route-sync makes them again. */
async function lose(world: World, shard: string): Promise<void> {
  const group = await targetGroupOf(world, shard).catch(() => undefined);
  if (group === undefined) return;
  const rule = (await rulesOf(world)).get(group.TargetGroupArn);
  if (rule !== undefined) await world.fleet.elb.send(new DeleteRuleCommand({ RuleArn: rule.RuleArn! }));
  await world.fleet.elb.send(new DeleteTargetGroupCommand({ TargetGroupArn: group.TargetGroupArn! }));
}

/** Somebody deletes the target group of a shard while a move is about to register there. */
export function failure(world: () => World): void {
  it('gives the slice of a failed move back', async () => {
    const failed = await eventually(
      'a move that failed',
      async () => {
        await lose(world(), 'extra');
        // What serves is lost too: a move to extra begins, and finds no target group.
        for (const slice of await serving(world(), 'extra')) await world().table.delete('slice', slice);
        await world().tick();
        const events = await world().published('MoveFailed');
        return events.at(-1);
      },
      240,
    );
    expect(failed).toMatchObject({ error: expect.stringMatching(/TargetGroup|target group/) });
    const name = executionName(String(failed.move));
    await eventually('its execution ended', async () => {
      const all = await world().executions('move');
      return all.some((one) => one.name === name && one.status !== 'RUNNING');
    });
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
