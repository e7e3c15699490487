import { expect, it } from 'vitest';
import { openHandOver } from '../../flows/hand-over.ts';
import { awaitHandOver } from '../../flows/hand-over-follow.ts';
import { begin, detailOf, expectHandedOver, instanceOf, types, watch } from './hand-over-stage.ts';

it('a source that dies at the switch: the target takes over by itself, and the machine follows', async () => {
  const stage = await begin(1, 1, 160);
  await stage.reserve(stage.ready[0]!);
  stage.agents.diesAtSwitch = true;
  const { result, found } = await watch(stage, stage.local.run('hand-over', stage.input));
  expect(found).toEqual([]);
  expect(result).toMatchObject({ output: { left: [stage.source] } });
  await expectHandedOver(stage, stage.ready[0]!);
});

it('a source that dies at the switch, just before its deadline: the target keeps what it has, and takes over', async () => {
  const stage = await begin(1, 1, 30);
  const { local, world, input } = stage;
  await stage.reserve(stage.ready[0]!);
  stage.agents.diesAtSwitch = true;
  stage.agents.copy = 16;
  await local.watch(local.run('hand-over', input), input.deadline + 60);
  expect(await local.ports.handOvers.get(stage.source)).toMatchObject({ phase: 'done' });
  expect(world.clock.now()).toBeGreaterThan(input.deadline);
  expect(types(local)).not.toContain('HandOverFailed');
  expect(new Set(await stage.holders())).toEqual(new Set(stage.ready));
});

it('a reserve that is just being prolonged is claimed a moment later', async () => {
  const stage = await begin();
  const { local, world, ready, input } = stage;
  const [reserve = ''] = ready;
  await stage.reserve(reserve);
  await stage.agents.opens(stage.source, reserve);
  const seen = (await local.store.get(reserve))!;
  await local.store.claim(reserve, seen.version, 'reserve/test', world.clock.now() + 30);
  world.clock.schedule(world.clock.now() + 1, () => {
    world.clock.wake();
    void local.store.release(reserve, 'reserve/test');
  });
  const { found } = await watch(stage, local.run('hand-over', input));
  expect(found).toEqual([]);
  expect(types(local)).not.toContain('HandOverFailed');
  await expectHandedOver(stage, reserve);
});

it('what the agents switch is not ended because its target is another’s in the store', async () => {
  const stage = await begin();
  const { local, world, ready, input, source } = stage;
  const [reserve = ''] = ready;
  const { id } = await stage.agents.opens(source, reserve);
  stage.agents.dead.add(instanceOf(reserve)).add(instanceOf(source));
  await local.ports.handOvers.advance(source, id, { phase: 'copying' });
  await local.ports.handOvers.advance(source, id, { phase: 'switching' });
  const seen = (await local.store.get(reserve))!;
  await local.store.claim(reserve, seen.version, 'move/other', world.clock.now() + 600);
  const context = { ports: local.ports, settings: world.settings, switched: {} };
  const leaving = { slice: source, shard: 'a', cause: 'interruption', by: input.deadline } as const;
  const { result } = await local.watch(openHandOver(context, leaving));
  expect(result).toMatchObject({ outcome: 'copying', id, target: reserve });
  expect(await local.ports.handOvers.get(source)).toMatchObject({ phase: 'switching' });
});

it('what the agents switch is followed, though the deadline is near', async () => {
  const stage = await begin(1, 1, 4);
  const { local, world, ready, input, source } = stage;
  await stage.reserve(ready[0]!);
  const { id } = await stage.agents.opens(source, ready[0]!);
  for (const phase of ['copying', 'switching'] as const)
    await local.ports.handOvers.advance(source, id, { phase });
  const context = { ports: local.ports, settings: world.settings, switched: {} };
  const leaving = { slice: source, shard: 'a', cause: 'interruption', by: input.deadline } as const;
  const { result } = await local.watch(openHandOver(context, leaving));
  expect(result).toMatchObject({ outcome: 'copying', id });
  expect(types(local)).not.toContain('HandOverFailed');
});

it('a part that is to be handed over leaves alone the hand-over of the rest', async () => {
  const stage = await begin(2, 1);
  const { local, world, ready, source, serving } = stage;
  await stage.reserve(ready[0]!);
  stage.agents.copy = 600;
  const rest = [{ slot: 0, epoch: 1 }];
  const wanted = {
    shard: 'a',
    source,
    target: ready[0]!,
    slots: rest,
    cause: 'rebalance',
    go: false,
  } as const;
  const opened = await local.ports.handOvers.open({ ...wanted, at: world.clock.now() });
  const id = opened.outcome === 'taken' ? '' : opened.handOver.id;
  await local.ports.handOvers.advance(source, id, { phase: 'copying' });
  const context = { ports: local.ports, settings: world.settings, switched: {} };
  const part = { target: serving[1]!, slots: [2, 3] };
  const leaving = { slice: source, shard: 'a', cause: 'planned', by: world.clock.now() + 600, part } as const;
  const { result } = await local.watch(openHandOver(context, leaving));
  expect(result).toMatchObject({ outcome: 'refused' });
  expect(await local.ports.handOvers.get(source)).toMatchObject({ id, phase: 'copying', go: false });
});

it('that another one of its source has followed names its own slots, not all that the target has', async () => {
  const stage = await begin(1, 1, 160);
  const { local, world, ready, input, source } = stage;
  const [target = ''] = ready;
  await stage.reserve(target);
  const context = { ports: local.ports, settings: world.settings, switched: {} };
  const leaving = { slice: source, shard: 'a', cause: 'interruption', by: input.deadline } as const;
  const { slots, handOvers, clock } = local.ports;
  const some = { shard: 'a', source, target, cause: 'interruption', go: true, at: clock.now() } as const;
  const first = await handOvers.open({ ...some, slots: [0, 1].map((slot) => ({ slot, epoch: 1 })) });
  const opened = await local.watch(openHandOver(context, leaving));
  if (opened.result.outcome !== 'copying' || first.outcome === 'taken')
    return expect.unreachable('not opened');
  await local.watch(Promise.resolve(), clock.now() + 20);
  expect(await stage.holders()).toEqual([target, target, source, source]);
  await handOvers.open({ ...some, at: clock.now(), slots: [2, 3].map((slot) => ({ slot, epoch: 1 })) });
  for (const seen of (await slots.read('a', 4)).slice(2)) await slots.pass('a', seen, target);
  const { result } = await local.watch(awaitHandOver(context, leaving, opened.result));
  expect(result).toEqual({ outcome: 'done' });
  expect(detailOf(local, 'SliceHandedOver')).toMatchObject([{ handOver: first.handOver.id, slots: [0, 1] }]);
});
