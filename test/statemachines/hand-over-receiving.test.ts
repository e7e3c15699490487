import { describe, expect, it } from 'vitest';
import { onInterruption } from '../../flows/interruption.ts';
import {
  begin,
  detailOf,
  expectHandedOver,
  instanceOf,
  type Started,
  types,
  watch,
} from './hand-over-stage.ts';

/** The notice of a slice that takes over just now, or is to. */
const noticeOf = ({ world }: Started, slice: string, seconds = 110) => {
  const at = world.clock.now();
  return { instance: instanceOf(slice), at, deadline: at + seconds };
};

/** Until the slice is in this placement, and, where it is said, the hand-over to it in this phase. */
async function until(stage: Started, slice: string, kind: string, phase?: string): Promise<void> {
  const { local, world, source } = stage;
  for (let i = 0; i < 60; i += 1) {
    const [seen, record] = await Promise.all([local.store.get(slice), local.ports.handOvers.get(source)]);
    if (seen?.placement.kind === kind && (phase === undefined || record?.phase === phase)) return;
    await world.runUntil(world.clock.now() + 1);
  }
  expect.unreachable(`${slice} is never ${kind}, with the hand-over ${phase ?? 'anywhere'}`);
}

/** Both machines have run: all that the source held is with the last one. */
async function expectHandedOn(stage: Started, first: string, last: string): Promise<void> {
  const { local } = stage;
  await expectHandedOver(stage, last);
  expect(await local.store.get(first)).toBeUndefined();
  expect(detailOf(local, 'SliceHandedOver')).toMatchObject([
    { source: stage.source, target: first, slots: [0, 1, 2, 3] },
    { source: first, target: last, slots: [0, 1, 2, 3] },
  ]);
  expect(types(local)).not.toContain('HandOverFailed');
}

describe('Spot takes the target, too', () => {
  it.each([
    ['while it is being copied to', 'copying'],
    ['once it has the slots, before it serves', 'done'],
  ])('%s: the machine hands on what comes', async (_, phase) => {
    const stage = await begin(1, 2);
    const { local, input, ready } = stage;
    const [first = '', last = ''] = ready;
    await stage.reserve(first);
    const source = local.run('hand-over', input);
    await until(stage, first, 'activating', phase);
    await stage.reserve(last);
    const { result, found } = await watch(
      stage,
      Promise.all([source, local.run('hand-over', noticeOf(stage, first))]),
    );
    expect(found.filter((one) => !one.includes('unreached'))).toEqual([]);
    expect(result).toMatchObject([{ output: { late: [] } }, { output: { left: [first], late: [] } }]);
    await expectHandedOn(stage, first, last);
  });

  it('whose agents were faster than the store: what it has is handed on', async () => {
    const stage = await begin(1, 2);
    const { local, ready, agents, source, world } = stage;
    const [first = '', last = ''] = ready;
    await stage.reserve(first);
    await stage.reserve(last);
    await agents.opens(source, first);
    await until(stage, first, 'reserved', 'done');
    await world.runUntil(world.clock.now() + 6);
    expect(await stage.holders()).toEqual([first, first, first, first]);
    const { result } = await watch(stage, local.run('hand-over', noticeOf(stage, first)));
    expect(result).toMatchObject({ output: { left: [first], late: [] } });
    expect(await stage.holders()).toEqual([last, last, last, last]);
  });

  it('the same in one process', async () => {
    const stage = await begin(1, 2);
    const { local, input, ready, world } = stage;
    const [first = '', last = ''] = ready;
    const context = { ports: local.ports, settings: world.settings, switched: {} };
    await stage.reserve(first);
    const source = onInterruption(context, input);
    await until(stage, first, 'activating', 'copying');
    await stage.reserve(last);
    const { result } = await watch(
      stage,
      Promise.all([source, onInterruption(context, noticeOf(stage, first))]),
    );
    expect(result).toMatchObject([{ failures: [] }, { left: [first], late: [], failures: [] }]);
    await expectHandedOn(stage, first, last);
  });

  it('and nothing comes: it is waited for until it must drain, no longer', async () => {
    const stage = await begin(1, 2);
    const { local, input, ready, agents, source } = stage;
    const [first = ''] = ready;
    await stage.reserve(first);
    agents.copy = 600;
    const work = local.run('hand-over', input);
    await until(stage, first, 'activating', 'copying');
    const notice = noticeOf(stage, first);
    const { result } = await watch(stage, Promise.all([work, local.run('hand-over', notice)]));
    expect(result).toMatchObject([{ status: 'SUCCEEDED' }, { status: 'SUCCEEDED' }]);
    expect(new Set(await stage.holders())).toEqual(new Set([source]));
    expect(stage.world.clock.now()).toBeLessThanOrEqual(notice.deadline);
  });
});
