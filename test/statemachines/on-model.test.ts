import { expect, it } from 'vitest';
import type { Move } from '../../core/capacity/plan.ts';
import { ownerOf } from '../../core/shards/placement.ts';
import { moveInput } from '../../flows/move-input.ts';
import { instanceArrived } from '../../flows/reconcile.ts';
import { AwsWorld } from '../contracts/aws-world.ts';
import { move } from '../flows/stage.ts';
import type { ModelOptions } from '../model-aws/model.ts';
import { settingsOf } from '../world/fixtures.ts';
import { LocalMachines } from './local.ts';

/** The machines over the AWS adapters and the model of AWS: one instance runs, its slice is ready. */
async function begin(options: Partial<ModelOptions> = {}) {
  const world = new AwsWorld(settingsOf(['a', 'b'], { max: 4 }), options);
  const { clock, table, settings, ports, loadBalancer } = world;
  const local = new LocalMachines(world, {
    clock,
    settings,
    table,
    ports,
    states: (shard) => loadBalancer.states(shard),
    violations: async (store) => {
      const stored = new Map((await store.slices()).map(({ slice, placement }) => [slice, placement]));
      const found: string[] = [];
      // Where calls take time, there is no instant at which to look.
      if (options.latency !== undefined) return found;
      for (const { name } of settings.shards)
        for (const [slice, state] of await loadBalancer.states(name)) {
          const placement = stored.get(slice);
          const owner = placement && ownerOf(placement);
          if (owner !== name || placement?.kind === 'reserved')
            found.push(`${slice} is ${state} at ${name}, and ${placement?.kind} of ${owner}`);
        }
      return found;
    },
  });
  const start = { kind: 'start', group: 'steady', count: 1, reason: { rule: 'guarantee' } } as const;
  await world.drive(world.fleet.apply(start, 'k'));
  await world.wait(400);
  const [instance] = await world.drive(world.fleet.list());
  await world.drive(instanceArrived(local.ports, settings, instance!.id));
  const slice = `${instance!.id}:8080`;
  /** Plans and runs one move of the slice. */
  const go = async (from: Move['from'], to: Move['to'], id = 'm') => {
    const { version } = (await local.store.get(slice))!;
    const input = moveInput({ ...move(slice, from, to), id }, version, clock.now(), settings);
    return local.watch(local.run('move', input, id));
  };
  return { world, local, slice, go, instance: instance!.id };
}

const ready = { kind: 'ready' } as const;
const on = (shard: string) => ({ kind: 'active', shard }) as const;

it.each([
  ['as fast as can be', {}],
  ['each call taking 50 ms and the buckets enforced', { latency: 0.05, buckets: true }],
])('a slice goes from ready to a, to b and back, %s', async (_, options) => {
  const { world, local, slice, go } = await begin(options);
  for (const [i, [from, to]] of [
    [ready, on('a')],
    [on('a'), on('b')],
    [on('b'), ready],
  ].entries() as Iterable<[number, [Move['from'], Move['to']]]>) {
    const { result, found } = await go(from, to, `m-${i}`);
    expect(found).toEqual([]);
    expect(result).toMatchObject({ status: 'SUCCEEDED', output: { outcome: 'done' } });
    expect(await local.store.get(slice)).toMatchObject({ placement: to });
  }
  const hooks = world.aws.ssm.ran.map(({ parameters: { action, shard } }) => `${action} ${shard}`);
  expect(hooks).toEqual(['activate a', 'deactivate a', 'activate b', 'deactivate b']);
});

it('a hook that fails brings it back, with what the hook said', async () => {
  const run: ModelOptions['run'] = (_, { action }) =>
    action === 'activate' ? { seconds: 1, fails: 'no licence\nmore' } : { seconds: 0 };
  const { local, slice, go } = await begin({ run });
  const { result, found } = await go(ready, on('a'));
  expect(found).toEqual([]);
  expect(result).toMatchObject({ output: { outcome: 'failed', step: 'activate', left: 'ready' } });
  expect(JSON.stringify(result)).toContain('no licence');
  expect((await local.store.get(slice))?.holder).toBeUndefined();
});

it('a target group that is deleted in between ends the move, and frees the slice', async () => {
  const { world, local, slice, go } = await begin();
  world.aws.fail = (action) => {
    if (action === 'RegisterTargets')
      throw Object.assign(new Error('gone'), { name: 'TargetGroupNotFoundException' });
  };
  const { result, found } = await go(ready, on('a'));
  expect(found).toEqual([]);
  expect(result).toMatchObject({ output: { outcome: 'failed', step: 'activate', left: 'ready' } });
  expect(await local.store.get(slice)).toMatchObject({ placement: { kind: 'ready' } });
  expect((await local.store.get(slice))?.holder).toBeUndefined();
});

it('a shard without a target group gets nothing, and nothing is touched', async () => {
  const { world, local, slice, go } = await begin();
  await go(ready, on('a'));
  const ran = world.aws.ssm.ran.length;
  const { result, found } = await go(on('a'), on('new'), 'm-2');
  expect(found).toEqual([]);
  expect(result).toMatchObject({ status: 'SUCCEEDED', output: { outcome: 'failed', step: 'claim' } });
  expect(JSON.stringify(result)).toContain('shard new has no target group yet');
  expect(await local.store.get(slice)).toMatchObject({ placement: on('a') });
  expect([await world.loadBalancer.health('a', slice), world.aws.ssm.ran.length]).toEqual(['healthy', ran]);
});

it('an interrupted instance is evacuated', async () => {
  const { world, local, slice, go, instance } = await begin();
  await go(ready, on('a'));
  const at = world.clock.now();
  const input = { instance, at, deadline: at + 115 };
  const { result, found } = await local.watch(local.run('hand-over', input));
  expect(found).toEqual([]);
  expect(result).toMatchObject({ status: 'SUCCEEDED', output: { left: [slice], late: [] } });
  expect(await world.loadBalancer.health('a', slice)).toBe('unused');
});
