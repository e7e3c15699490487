import { afterEach, describe, expect, test } from 'vitest';
import { Client } from './client.ts';
import { type Host, SHARD, World } from './world.ts';

let world: World;
afterEach(() => world.close());

async function two(slots = 2) {
  world = new World(slots);
  const source = await world.host('i-source');
  const target = await world.host('i-target', { active: false });
  await world.give(
    source,
    Array.from({ length: slots }, (_, i) => i),
  );
  await world.pass(1);
  await world.agents.order(source.slice, { reserve: target.slice });
  await world.pass(11);
  const client = new Client(world);
  await world.pass(3);
  return { source, target, client };
}

const holders = async () => (await world.maps.read(SHARD, world.slots)).map(({ holder }) => holder);
const isOver = async (host: Host) => ['done', 'failed'].includes((await world.record(host))?.phase ?? '');

describe('a notice', () => {
  test.each([1, 4])(
    'hands %i slots over to the reserve, and no acknowledged write is lost',
    async (slots) => {
      const { source, target, client } = await two(slots);
      world.notice(source, { noticeAt: world.clock.now(), deadline: world.clock.now() + 110 });
      expect(await world.until(() => isOver(source), 60)).toBe(true);
      expect(await world.record(source)).toMatchObject({ phase: 'done', cause: 'interruption', go: true });
      await world.pass(5);
      client.stop();
      expect(await holders()).toEqual(Array(slots).fill(target.slice));
      expect(client.wrongs).toEqual([]);
      expect(await client.lost()).toEqual([]);
      expect(client.acknowledged.get(0)!.length).toBeGreaterThan(50);
      expect(client.longestGap).toBeLessThan(1);
      expect([...source.app.wrongs, ...target.app.wrongs]).toEqual([]);
      // The source forgets it, and has no slot left.
      expect([...source.app.slots]).toEqual([]);
      expect(source.app.calls.filter((call) => call.startsWith('release')).length).toBe(slots);
    },
  );
});
