import { afterEach, describe, expect, it } from 'vitest';
import { handOverName } from '../../flows/interruption.ts';
import { moveInput } from '../../flows/move-input.ts';
import { reconcile } from '../../flows/reconcile.ts';
import { move, ON_A, READY, stage } from '../flows/stage.ts';
import { Coverage, type LocalMachines, localMachines } from './local.ts';
import type { Step } from './steps.ts';

const coverage = new Coverage();
let last: LocalMachines | undefined;
afterEach(() => {
  if (last !== undefined) coverage.add(last);
});

async function begin(instance = 'i-00000000', seconds = 110) {
  const world = await stage();
  const local = await localMachines(world);
  last = local;
  const at = world.clock.now();
  return { world, local, at, input: { instance, at, deadline: at + seconds } };
}

const types = ({ events }: LocalMachines) => events.map(({ type }) => type);

describe('the machine hand-over', () => {
  it('takes the slices out inside the deadline, and lets them serve until they must drain', async () => {
    const { world, local, at, input } = await begin();
    const work = local.run('hand-over', input);
    expect((await local.watch(Promise.resolve(), at + 41)).found).toEqual([]);
    expect(world.fleet.get('i-00000000')).toMatchObject({ state: 'interrupted', deadline: input.deadline });
    expect(local.planStarts).toBe(1);
    expect(await world.loadBalancer.health('a', ON_A)).toBe('healthy');
    expect((await local.watch(Promise.resolve(), at + 43)).found).toEqual([]);
    expect(await world.loadBalancer.health('a', ON_A)).toBe('draining');
    const { result, found } = await local.watch(work);
    expect(found).toEqual([]);
    expect(result).toMatchObject({ status: 'SUCCEEDED', output: { left: [ON_A], late: [] } });
    expect(world.clock.now()).toBeLessThanOrEqual(input.deadline);
    expect(await local.store.get(ON_A)).toBeUndefined();
    expect(types(local)).toEqual(['InterruptionNoticed', 'InstanceEvacuated']);
  });

  it('says which slices are late where there is too little time', async () => {
    const { local, input } = await begin('i-00000000', 30);
    const { result } = await local.watch(local.run('hand-over', input));
    expect(result).toMatchObject({ status: 'SUCCEEDED', output: { left: [], late: [ON_A] } });
    expect((await local.store.get(ON_A))?.holder).toBeUndefined();
  });

  it('waits for a move that has the slice, then takes it', async () => {
    const { world, local, at, input } = await begin('i-00000002');
    const { version } = (await local.store.get(READY))!;
    const planned = move(READY, { kind: 'ready' }, { kind: 'active', shard: 'a' });
    const moving = local.run('move', moveInput(planned, version, at, world.settings));
    await world.runUntil(at + 2);
    const { result, found } = await local.watch(local.run('hand-over', input));
    expect(found).toEqual([]);
    expect(await moving).toMatchObject({ output: { outcome: 'done' } });
    expect(result).toMatchObject({ output: { left: [READY], late: [] } });
  });

  it('of the same notice twice evacuates once: by its name, and by the store', async () => {
    const { local, input } = await begin();
    const name = handOverName(input);
    for (let i = 0; i < 2; i++) await local.ports.workflows.start('hand-over', name, input);
    expect(local.started.size).toBe(1);
    const both = Promise.all([local.started.get(name)!, local.run('hand-over', input)]);
    const { result, found } = await local.watch(both);
    expect(found).toEqual([]);
    for (const one of result) expect(one).toMatchObject({ status: 'SUCCEEDED', output: { late: [] } });
  });

  it('of an instance without slices ends at once', async () => {
    const { local, input } = await begin('i-99999999');
    const { result } = await local.watch(local.run('hand-over', input));
    expect(result).toMatchObject({ status: 'SUCCEEDED', output: { left: [], late: [] } });
  });
});

describe('an injected failure', () => {
  const tasks: Step[] = ['note-interruption', 'evacuate-slice', 'finish-evacuation'];
  for (const how of ['before', 'after'] as const) {
    it.each(tasks)(`of %s once, ${how}: the retry goes on`, async (task) => {
      const { local, input } = await begin();
      local.fault = (name, nth) => (name === task && nth === 0 ? how : undefined);
      const { result, found } = await local.watch(local.run('hand-over', input));
      expect(found).toEqual([]);
      expect(result).toMatchObject({ status: 'SUCCEEDED', output: { left: [ON_A], late: [] } });
    });

    it.each(tasks)(`of %s for good, ${how}: reconciliation removes what is left`, async (task) => {
      const { world, local, input } = await begin();
      local.fault = (name) => (name === task ? how : undefined);
      const { result, found } = await local.watch(local.run('hand-over', input), input.deadline);
      expect(found).toEqual([]);
      if (task === 'evacuate-slice')
        expect(result).toMatchObject({ status: 'SUCCEEDED', output: { late: [ON_A] } });
      else expect(result).toMatchObject({ status: 'FAILED', error: 'EvacuationAbandoned' });
      world.fail('i-00000000');
      expect((await reconcile(local.ports, world.settings)).failures).toEqual([]);
      expect(await local.store.get(ON_A)).toBeUndefined();
    });
  }
});

it('every state was entered, and every Catch taken', () => {
  // What hands state over: hand-over-state.test.ts.
  const others = /HandOver|Copied|WaitForCopy|WaitForTarget|Redirect|WaitForHealth|HandedOver|SliceKept/;
  expect(coverage.missing('hand-over').filter((one) => !others.test(one))).toEqual([]);
});
