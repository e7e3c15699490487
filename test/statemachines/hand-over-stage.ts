import { afterEach, expect } from 'vitest';
import { Coverage, type LocalMachines } from './local.ts';
import { type Stateful, stateful } from './stateful.ts';

/** Of the test file that imports it. */
export const coverage = new Coverage();
const ran: LocalMachines[] = [];
afterEach(() => {
  for (const one of ran.splice(0)) coverage.add(one);
});

export const instanceOf = (slice: string) => slice.slice(0, slice.indexOf(':'));

export type Started = Awaited<ReturnType<typeof begin>>;

export async function begin(serves = 1, spare = 1, seconds = 110) {
  const stage = await stateful(serves, spare);
  ran.push(stage.local);
  const at = stage.world.clock.now();
  const [source = ''] = stage.serving;
  return { ...stage, at, source, input: { instance: instanceOf(source), at, deadline: at + seconds } };
}

export const types = ({ events }: LocalMachines) => events.map(({ type }) => type);
export const detailOf = ({ events }: LocalMachines, type: string) =>
  events.filter((one) => one.type === type).map(({ detail }) => detail);

/** It ends as it should where there was a target: all state there, the target serves, the source is out. */
export async function expectHandedOver(stage: Stateful & { source: string }, target: string): Promise<void> {
  const { local, world, source } = stage;
  expect(await stage.holders()).toEqual([target, target, target, target]);
  expect(await local.store.get(target)).toMatchObject({ placement: { kind: 'active', shard: 'a' } });
  expect((await local.store.get(target))?.holder).toBeUndefined();
  expect(await world.loadBalancer.health('a', target)).toBe('healthy');
  expect(await local.store.get(source)).toBeUndefined();
  expect(await world.loadBalancer.health('a', source)).toBe('unused');
}

/** Runs it, and looks each second that somebody can be reached at the load balancer. */
export async function watch<T>(
  { local, world }: Stateful,
  work: Promise<T>,
): Promise<{ result: T; found: string[] }> {
  const unreached: string[] = [];
  let done = false;
  const look = (): void => {
    if (done) return;
    const states = world.loadBalancer.targets().filter(([shard]) => shard === 'a');
    if (!states.some(([, , state]) => state === 'healthy')) unreached.push(`${world.clock.now()}: unreached`);
    world.clock.schedule(world.clock.now() + 1, look);
  };
  look();
  const { result, found } = await local.watch(work);
  done = true;
  return { result, found: [...found, ...unreached] };
}
