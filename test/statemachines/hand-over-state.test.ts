import { describe, expect, it } from 'vitest';
import { handOverName } from '../../flows/hand-over-input.ts';
import { moveInput } from '../../flows/move-input.ts';
import { preCopy } from '../../flows/pre-copy.ts';
import { instanceArrived, reconcile } from '../../flows/reconcile.ts';
import { keepSlots } from '../../flows/slots.ts';
import { move } from '../flows/stage.ts';
import {
  begin,
  coverage,
  detailOf,
  expectHandedOver,
  instanceOf,
  type Started,
  types,
  watch,
} from './hand-over-stage.ts';
import { first } from './scripted-agents.ts';
import type { Step } from './steps.ts';

describe('with a reserve', () => {
  it('state, traffic and placement go there, then the source leaves', async () => {
    const stage = await begin();
    const { local, world, input, source, ready } = stage;
    await stage.reserve(ready[0]!);
    const { result, found } = await watch(stage, local.run('hand-over', input));
    expect(found).toEqual([]);
    expect(result).toMatchObject({ status: 'SUCCEEDED', output: { left: [source], late: [], kept: [] } });
    expect(world.clock.now()).toBeLessThan(input.deadline);
    await expectHandedOver(stage, ready[0]!);
    expect(types(local)).toEqual([
      'InterruptionNoticed',
      'HandOverStarted',
      'SliceHandedOver',
      'InstanceEvacuated',
    ]);
    expect(detailOf(local, 'SliceHandedOver')).toEqual([
      expect.objectContaining({ source, target: ready[0], slots: [0, 1, 2, 3], pause: 0.4, bytes: 1000 }),
    ]);
    expect(detailOf(local, 'HandOverStarted')).toEqual([
      expect.objectContaining({ cause: 'interruption', deadline: input.deadline }),
    ]);
  });

  it('joins what the agent has opened on its own notice', async () => {
    const stage = await begin(1, 2);
    const { local, input, agents, source, ready } = stage;
    for (const slice of ready) await stage.reserve(slice);
    const opened = await agents.opens(source, ready[1]!);
    const { result, found } = await watch(stage, local.run('hand-over', input));
    expect(found).toEqual([]);
    expect(result).toMatchObject({ output: { left: [source] } });
    await expectHandedOver(stage, ready[1]!);
    expect(await local.ports.handOvers.get(source)).toMatchObject({ id: opened.id, phase: 'done' });
    expect(await local.store.get(ready[0]!)).toMatchObject({ placement: { kind: 'reserved' } });
  });

  it('has it copied on a rebalance recommendation, and only switched at the notice', async () => {
    const stage = await begin();
    const { local, world, agents, source, ready } = stage;
    const { ports } = local;
    await stage.reserve(ready[0]!);
    agents.copy = 60;
    const context = { ports, settings: world.settings, switched: {} };
    const [begun] = await preCopy(context, instanceOf(source));
    expect(await preCopy(context, instanceOf(source))).toMatchObject([{ id: begun?.id }]);
    expect((await local.watch(Promise.resolve(), world.clock.now() + 120)).found).toEqual([]);
    expect(await ports.handOvers.get(source)).toMatchObject({ phase: 'copying', go: false });
    expect(await world.loadBalancer.health('a', ready[0]!)).toBe('unused');
    expect(await stage.holders()).toEqual([source, source, source, source]);

    const at = world.clock.now();
    const input = { instance: instanceOf(source), at, deadline: at + 110 };
    const { found } = await watch(stage, local.run('hand-over', input));
    expect(found).toEqual([]);
    await expectHandedOver(stage, ready[0]!);
    const [done] = detailOf(local, 'SliceHandedOver');
    expect(done).toMatchObject({ handOver: begun?.id });
    expect(local.events.find(({ type }) => type === 'SliceHandedOver')?.at).toBeLessThan(at + 10);
  });

  it('takes one that is shared with another shard', async () => {
    const stage = await begin();
    await stage.reserve(stage.ready[0]!, ['b', 'a']);
    const { found } = await watch(stage, stage.local.run('hand-over', stage.input));
    expect(found).toEqual([]);
    await expectHandedOver(stage, stage.ready[0]!);
  });

  it('takes another one where the plan has given it away meanwhile', async () => {
    const stage = await begin(1, 2);
    const { local, world, agents, source, ready, input, at } = stage;
    const [given = '', other = ''] = ready;
    await stage.reserve(given, ['b', 'a']);
    await stage.reserve(other);
    const { version } = (await local.store.get(given))!;
    const planned = move(given, { kind: 'reserved', shard: 'b' }, { kind: 'active', shard: 'b' });
    const moving = local.run('move', moveInput(planned, version, at, world.settings));
    await world.runUntil(at + 1);
    await agents.opens(source, given);
    const { result, found } = await watch(stage, local.run('hand-over', input));
    // The agent set up the environment of `a` where that of `b` was being set up: an agent refuses that, ours does not.
    expect(found.filter((one) => !one.includes(`${given} is`))).toEqual([]);
    expect(result).toMatchObject({ output: { left: [source] } });
    expect(await moving).toMatchObject({ output: { outcome: 'done' } });
    await expectHandedOver(stage, other);
    expect(await local.store.get(given)).toMatchObject({ placement: { kind: 'active', shard: 'b' } });
    expect(detailOf(local, 'HandOverFailed')).toMatchObject([{ target: given }]);
  });

  it('tries another one where its agent does not answer, or the copy fails', async () => {
    const stage = await begin(1, 2);
    const { local, agents, source, ready, input } = stage;
    for (const slice of ready) await stage.reserve(slice);
    let first: string | undefined;
    agents.fails = ({ target }) => {
      first ??= target;
      return target === first ? 'connection reset' : undefined;
    };
    const { found } = await watch(stage, local.run('hand-over', input));
    expect(found).toEqual([]);
    await expectHandedOver(stage, ready.find((slice) => slice !== first)!);
    expect(detailOf(local, 'HandOverFailed')).toMatchObject([
      { source, target: first, error: 'connection reset' },
    ]);
    expect((await local.store.get(first!))?.holder).toBeUndefined();
  });

  it('goes to one of two interrupted instances; the other one has the ready slice, or its peers', async () => {
    const stage = await begin(2, 2);
    const { local, world, at, serving, ready } = stage;
    const [one = '', two = ''] = serving;
    for (const slot of [2, 3]) await local.ports.slots.pass('a', { slot, epoch: 1, holder: one }, two);
    await stage.reserve(ready[0]!);
    const both = serving.map((slice) =>
      local.run('hand-over', { instance: instanceOf(slice), at, deadline: at + 110 }),
    );
    const { result, found } = await watch(stage, Promise.all(both));
    expect(found).toEqual([]);
    for (const it of result) expect(it).toMatchObject({ status: 'SUCCEEDED', output: { late: [] } });
    const holders = await stage.holders();
    expect(new Set(holders)).toEqual(new Set(ready));
    expect(holders[0]).not.toBe(holders[2]);
    for (const slice of ready) expect(await world.loadBalancer.health('a', slice)).toBe('healthy');
  });

  it('is used once, though the notice comes twice and a second machine runs', async () => {
    const stage = await begin(1, 2);
    const { local, input, ready, source } = stage;
    await stage.reserve(ready[0]!);
    const name = handOverName(input);
    for (let i = 0; i < 2; i++) await local.ports.workflows.start('hand-over', name, input);
    const both = Promise.all([local.started.get(name)!, local.run('hand-over', input)]);
    const { result, found } = await watch(stage, both);
    expect(found).toEqual([]);
    for (const one of result) expect(one).toMatchObject({ status: 'SUCCEEDED', output: { left: [source] } });
    await expectHandedOver(stage, ready[0]!);
    expect(await local.store.get(ready[1]!)).toMatchObject({ placement: { kind: 'ready' } });
  });
});

/** Slices of `a`, ready slices, what happens, and what is said of it. */
const STANDARD: readonly (readonly [string, number, number, (s: Started) => unknown, string])[] = [
  ['nobody can take over', 1, 0, () => {}, 'no slice can take over'],
  ['its agent is silent', 1, 1, silence, 'is silent'],
  [
    'no agent of a target beats',
    1,
    1,
    (s: Started) => void s.agents.dead.add(instanceOf(s.ready[0]!)),
    'no slice can take over',
  ],
  [
    'the agents refuse it for the deadline',
    1,
    2,
    (s: Started): void => {
      s.agents.fails = () => 'deadline';
    },
    'the last one: deadline',
  ],
  [
    'the copy is not done by the deadline',
    1,
    1,
    (s: Started) => {
      s.agents.copy = 500;
    },
    'deadline',
  ],
  ['the agent dies while it copies', 1, 1, dieSoon, 'is silent'],
];

it.each([
  ['the agent had opened with it', true],
  ['nobody had opened', false],
])(
  'a reserve that the plan takes into the shard at the notice gets the state there: %s',
  async (_, opens) => {
    const stage = await begin();
    const { local, world, agents, source, ready, input, at } = stage;
    const [reserve = ''] = ready;
    await stage.reserve(reserve);
    const { version } = (await local.store.get(reserve))!;
    const planned = move(reserve, { kind: 'reserved', shard: 'a' }, { kind: 'active', shard: 'a' });
    const moving = local.run('move', moveInput(planned, version, at, world.settings));
    await world.runUntil(at + 1);
    if (opens) await agents.opens(source, reserve);
    const { result, found } = await watch(stage, local.run('hand-over', input));
    expect(found).toEqual([]);
    expect(result).toMatchObject({ output: { left: [source] } });
    expect(await moving).toMatchObject({ output: { outcome: 'done' } });
    await expectHandedOver(stage, reserve);
    expect(detailOf(local, 'HandOverFailed')).toEqual([]);
  },
);

describe('without a reserve', () => {
  it('a replacement that comes in time takes over', async () => {
    const stage = await begin(1, 0);
    const { local, world, input, at } = stage;
    const { id } = world.fleet.seed('steady');
    world.clock.schedule(at + 25, () => {
      world.clock.wake();
      void instanceArrived(local.ports, world.settings, id);
    });
    const { found } = await watch(stage, local.run('hand-over', input));
    expect(found).toEqual([]);
    await expectHandedOver(stage, first(id));
    expect(detailOf(local, 'HandOverFailed')).toEqual([]);
  });

  it('a ready slice takes over', async () => {
    const stage = await begin();
    const { found } = await watch(stage, stage.local.run('hand-over', stage.input));
    expect(found).toEqual([]);
    await expectHandedOver(stage, stage.ready[0]!);
  });

  it('those that serve the shard take over, evenly', async () => {
    const stage = await begin(3, 0);
    const { local, world, source, serving } = stage;
    const { result, found } = await watch(stage, local.run('hand-over', stage.input));
    expect(found).toEqual([]);
    expect(result).toMatchObject({ output: { left: [source] } });
    const [, one, two] = serving;
    expect((await stage.holders()).toSorted()).toEqual([one, one, two, two]);
    expect(detailOf(local, 'SliceHandedOver')).toHaveLength(2);
    expect(await world.loadBalancer.health('a', source)).toBe('unused');
  });

  it.each(STANDARD)('the standard procedure where %s', async (_, serves, spare, prepare, error) => {
    const stage = await begin(serves, spare, 130);
    await prepare(stage);
    const { local, source } = stage;
    const at = stage.world.clock.now();
    const input = { ...stage.input, at, deadline: at + 130 };
    const { result, found } = await local.watch(local.run('hand-over', input));
    expect(found).toEqual([]);
    expect(result).toMatchObject({ status: 'SUCCEEDED' });
    expect(types(local)).toContain('InstanceEvacuated');
    expect(JSON.stringify(detailOf(local, 'HandOverFailed'))).toContain(error);
    expect(await stage.holders()).toEqual([source, source, source, source]);
    for (const slice of stage.ready) expect((await local.store.get(slice))?.holder).toBeUndefined();
  });
});

async function silence({ agents, world, source }: Started): Promise<void> {
  agents.dead.add(instanceOf(source));
  await world.runUntil(world.clock.now() + 40);
}
function dieSoon({ agents, world, source }: Started): void {
  agents.copy = 30;
  world.clock.schedule(world.clock.now() + 12, () => void agents.dead.add(instanceOf(source)));
}

describe('planned', () => {
  it('hands over without a clock, and the source is ready', async () => {
    const stage = await begin();
    const { local, at, source, ready } = stage;
    await stage.reserve(ready[0]!);
    stage.agents.copy = 300;
    const input = { cause: 'planned', at, slices: [source] };
    const { result, found } = await watch(stage, local.run('hand-over', input));
    expect(found).toEqual([]);
    expect(result).toMatchObject({ status: 'SUCCEEDED', output: { left: [source], kept: [] } });
    expect(await stage.holders()).toEqual([ready[0], ready[0], ready[0], ready[0]]);
    expect(await local.store.get(source)).toMatchObject({ placement: { kind: 'ready' } });
    expect(types(local)).toEqual(['HandOverStarted', 'SliceHandedOver']);
    expect(local.planStarts).toBe(0);
  });

  it('serves on where nobody can take over, and says so', async () => {
    const stage = await begin(1, 0);
    const { local, at, source } = stage;
    const { result } = await local.watch(local.run('hand-over', { cause: 'planned', at, slices: [source] }));
    expect(result).toMatchObject({ output: { left: [], kept: [source] } });
    expect(await local.store.get(source)).toMatchObject({ placement: { kind: 'active' } });
    expect(types(local)).toEqual(['HandOverFailed']);
  });

  it('a part of the slots goes to another one that serves, and both stay', async () => {
    const stage = await begin(2, 0);
    const { local, at, source, serving } = stage;
    const part = { target: serving[1], slots: [1, 3] };
    const input = { cause: 'planned', at, slices: [source], part };
    const { result, found } = await watch(stage, local.run('hand-over', input));
    expect(found).toEqual([]);
    expect(result).toMatchObject({ output: { left: [], kept: [source] } });
    expect(await stage.holders()).toEqual([source, serving[1], source, serving[1]]);
    expect(await local.store.get(source)).toMatchObject({ placement: { kind: 'active' } });
  });

  it('a slice of a shard without state leaves at once', async () => {
    const stage = await begin();
    const { local, at } = stage;
    const all = await local.store.slices();
    const onB = all.find(({ placement }) => 'shard' in placement && placement.shard === 'b')!.slice;
    const { result, found } = await local.watch(
      local.run('hand-over', { cause: 'planned', at, slices: [onB] }),
    );
    expect(found).toEqual([]);
    expect(result).toMatchObject({ output: { left: [onB] } });
    expect(await local.store.get(onB)).toMatchObject({ placement: { kind: 'ready' } });
  });
});

describe('an injected failure', () => {
  const tasks: Step[] = ['open-hand-over', 'await-hand-over', 'redirect-traffic'];
  for (const how of ['before', 'after'] as const) {
    it.each(tasks)(`of %s once, ${how}: the retry goes on`, async (task) => {
      const stage = await begin();
      await stage.reserve(stage.ready[0]!);
      stage.local.fault = (name, nth) => (name === task && nth === 0 ? how : undefined);
      const { found } = await watch(stage, stage.local.run('hand-over', stage.input));
      expect(found).toEqual([]);
      await expectHandedOver(stage, stage.ready[0]!);
    });

    it.each(tasks)(
      `of %s for good, ${how}: the state has one holder, which serves in the end`,
      async (task) => {
        const stage = await begin();
        const { local, world, input, source, ready } = stage;
        await stage.reserve(ready[0]!);
        local.fault = (name) => (name === task ? how : undefined);
        const { result, found } = await local.watch(local.run('hand-over', input), input.deadline + 200);
        expect(found).toEqual([]);
        expect(result.status).toBe('SUCCEEDED');
        const holders = new Set(await stage.holders());
        expect(holders.size).toBe(1);
        const [holder] = holders;
        if (holder === source) return;
        for (let i = 0; i < 3; i++) {
          const work = reconcile(local.ports, world.settings).then(async ({ failures }) => [
            ...failures,
            ...(await keepSlots(local.ports, world.settings, {})).failures,
          ]);
          expect((await local.watch(work, world.clock.now() + 60)).result).toEqual([]);
        }
        expect(await local.store.get(holder!)).toMatchObject({ placement: { kind: 'active', shard: 'a' } });
        expect(await world.loadBalancer.health('a', holder!)).toBe('healthy');
      },
    );
  }

  it('of a part: it is kept', async () => {
    const stage = await begin(2, 0);
    const { local, at, source, serving } = stage;
    local.fault = (name) => (name === 'open-hand-over' ? 'before' : undefined);
    const input = { cause: 'planned', at, slices: [source], part: { target: serving[1], slots: [1] } };
    const { result } = await local.watch(local.run('hand-over', input));
    expect(result).toMatchObject({ output: { kept: [source] } });
  });
});

it('every state of the hand-over was entered, and every Catch taken', () => {
  const others = [
    'NoteInterruption',
    'EvacuateSlice',
    'FinishEvacuation',
    'SliceFailed',
    'EvacuationAbandoned',
    'WaitToEvacuate',
  ];
  const missing = coverage.missing('hand-over').filter((one) => !others.some((name) => one.includes(name)));
  expect(missing).toEqual([]);
});
