import { expect, it } from 'vitest';
import { sayInterrupted, sayRebalance } from '../aws-events.ts';
import { eventually } from '../eventually.ts';
import type { World } from '../world.ts';
import { serving } from './guarantees.ts';
import { targetsOf } from './routes.ts';

/** Executions are named by their instance. */
async function handOversOf(world: World, instance: string) {
  const all = await world.executions('hand-over');
  return all.filter(({ name }) => name?.includes(instance));
}

/** The notice comes two minutes before the end: it is given here, and its end read by what is returned. */
export function interruption(world: () => World): { readonly end: () => void } {
  let instance: string;

  it('tells of a rebalance recommendation', async () => {
    const [slice] = await serving(world(), 'web');
    const recommended = slice!.split(':')[0]!;
    await sayRebalance(world(), recommended);
    await eventually('RebalanceRecommended', async () => {
      const all = await world().published('RebalanceRecommended');
      return all.some((one) => one.instance === recommended);
    });
  });

  it('hands over once, though the notice comes twice', async () => {
    const slices = await serving(world(), 'web');
    instance = slices.at(-1)!.split(':')[0]!;
    await sayInterrupted(world(), instance);
    await sayInterrupted(world(), instance);
    const [first] = await eventually('a hand-over', async () => {
      const all = await handOversOf(world(), instance);
      return all.length > 0 && all;
    });
    await sayInterrupted(world(), instance);
    await eventually('InterruptionNoticed', async () => {
      const all = await world().published('InterruptionNoticed');
      return all.some((one) => one.instance === instance);
    });
    expect((await handOversOf(world(), instance)).map(({ name }) => name)).toEqual([first!.name]);
  });

  const end = () => {
    it('is evacuated before its end', async () => {
      const execution = await eventually(
        'the hand-over ended',
        async () => {
          const [only] = await handOversOf(world(), instance);
          return only?.status !== 'RUNNING' && only;
        },
        180,
      );
      expect(execution.status).toBe('SUCCEEDED');
      const targets = await targetsOf(world(), 'web');
      expect(targets.filter((target) => target.startsWith(instance))).toEqual([]);
      const evacuated = await world().published('InstanceEvacuated');
      expect(evacuated.filter((one) => one.instance === instance)).toEqual([
        // None, where the plan had a replacement and was faster.
        expect.objectContaining({ late: [] }),
      ]);
    }, 190_000);

    it('was handed over once', async () => {
      expect(await handOversOf(world(), instance)).toHaveLength(1);
    });
  };
  return { end };
}
