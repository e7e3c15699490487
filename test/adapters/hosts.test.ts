import { describe, expect, it } from 'vitest';
import { NAME } from '../../core/settings/name.ts';
import { shardSchema } from '../../core/settings/schema.ts';
import { AwsWorld } from '../contracts/aws-world.ts';
import type { ModelOptions } from '../model-aws/model.ts';
import { settingsOf, T0 } from '../world/fixtures.ts';

function worldOf(options: Partial<ModelOptions> = {}) {
  const world = new AwsWorld(settingsOf(['web']), options);
  const { autoScaling } = world.aws;
  const { id } = autoScaling.seed(autoScaling.group('steady'));
  const run = (shard = 'web') => world.drive(world.hosts.run(`${id}:8081`, { kind: 'activate', shard }));
  return { world, id, run };
}

describe('SsmHosts', () => {
  it('runs the hook with action, shard and port on one instance', async () => {
    const { world, id, run } = worldOf();
    expect(await run()).toEqual({ ok: true });
    expect(world.aws.ssm.ran).toEqual([
      { instance: id, parameters: { action: 'activate', shard: 'web', port: '8081' } },
    ]);
  });

  it('answers with the first line of what a failed hook says', async () => {
    const { id, run } = worldOf({ run: () => ({ seconds: 3, fails: '\n  no such shard\n  at line 3\n' }) });
    expect(await run()).toEqual({ ok: false, error: `activate web on ${id}:8081: Failed: no such shard` });
  });

  it('follows a slow hook for a minute, and no longer', async () => {
    const slow = worldOf({ run: () => ({ seconds: 50 }) });
    expect(await slow.run()).toEqual({ ok: true });
    const stuck = worldOf({ run: () => ({ seconds: 1e9 }) });
    expect(await stuck.run()).toEqual({
      ok: false,
      error: `activate web on ${stuck.id}:8081: InProgress after 60 s`,
    });
    expect(stuck.world.clock.now()).toBe(T0 + 60);
  });

  it('knows no end of a command whose instance ended', async () => {
    const { world, id, run } = worldOf({ run: () => ({ seconds: 10 }) });
    world.clock.schedule(T0 + 5, () => world.aws.ec2.terminate(id));
    expect(await run()).toMatchObject({ ok: false, error: expect.stringContaining('InProgress after 60 s') });
  });

  it('waits where SSM throttles, also while it follows', async () => {
    const { world, run } = worldOf();
    let calls = 0;
    world.aws.fail = () => {
      if (calls++ % 2 === 0) throw Object.assign(new Error('Rate exceeded'), { name: 'ThrottlingException' });
    };
    expect(await run()).toEqual({ ok: true });
    expect(world.aws.ssm.ran).toHaveLength(1);
  });

  it('is an error where the document is missing: every other instance would say the same', async () => {
    const { world, run } = worldOf();
    world.aws.ssm.documents.clear();
    await expect(run()).rejects.toMatchObject({ name: 'InvalidDocument' });
  });

  it.each(['web; reboot', '$(reboot)', '../web', 'web\n', '', '-rf', 'a'.repeat(33)])(
    'sends nothing for a shard called %j',
    async (shard) => {
      const { world, run } = worldOf();
      await expect(run(shard)).rejects.toThrow('shard: expected a name');
      expect(world.aws.count('SendCommand')).toBe(0);
      expect(shardSchema.shape.name.safeParse(shard).success).toBe(NAME.test(shard));
    },
  );
});
