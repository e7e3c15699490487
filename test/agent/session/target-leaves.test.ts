import { afterEach, describe, expect, test } from 'vitest';
import { isOver, TARGET_LEAVES } from '../../../core/hand-over/record.ts';
import { Client } from './client.ts';
import type { Fault } from './life.ts';
import { unserved } from './scenario.ts';
import { type Host, SHARD, World } from './world.ts';

/** Spot says that it takes the source, and at one step of one of the two agents that it takes the target, too. */
interface Moment {
  readonly at: 'source' | 'target';
  readonly number: number;
  readonly after: boolean;
}

interface Seen {
  readonly wrongs: readonly string[];
  /** Of the hand-over to the first target. */
  readonly first: string;
  readonly seconds: number;
  readonly holders: readonly (string | undefined)[];
  /** Steps of each agent until the notice, and from then on. */
  readonly before: Readonly<Record<Moment['at'], number>>;
  readonly steps: Readonly<Record<Moment['at'], readonly string[]>>;
}

let world: World;
afterEach(() => world.close());

async function play(moment?: Moment, hasSpare = true): Promise<Seen> {
  world = new World();
  let source: Host | undefined;
  let target: Host | undefined;
  let isTold = false;
  const faultOf =
    (at: Moment['at']): Fault =>
    ({ number, after }) => {
      if (moment?.at !== at || moment.number !== number || moment.after !== after || isTold) return 0;
      isTold = true;
      world.notice(target!, { noticeAt: world.clock.now(), deadline: world.clock.now() + 110 });
      return 0;
    };
  source = await world.host('i-source', { fault: faultOf('source') });
  target = await world.host('i-target', { active: false, fault: faultOf('target') });
  const spare = await world.host('i-spare', { active: false });
  await world.give(source, [0, 1]);
  await world.agents.order(source.slice, { reserve: target.slice });
  if (hasSpare) await world.agents.order(target.slice, { reserve: spare.slice });
  await world.pass(12);
  const client = new Client(world);
  await world.pass(1);
  const before = { source: source.life.number, target: target.life.number };
  const began = world.clock.now();
  world.notice(source, { noticeAt: began, deadline: began + 110 });
  let first: string | undefined;
  const look = async () => {
    const record = await world.record(source);
    if (record?.target === target.slice && isOver(record)) first ??= record.error ?? record.phase;
    // What the control plane does when the reserve that it has ordered is lost.
    if (first === TARGET_LEAVES && hasSpare) await world.agents.order(source.slice, { reserve: spare.slice });
    const map = await world.maps.read(SHARD, 2);
    const wanted = moment === undefined ? target.slice : spare.slice;
    return first !== undefined && map.every(({ holder }) => holder === wanted);
  };
  await world.until(look, hasSpare ? 60 : 20);
  const seconds = world.clock.now() - began;
  await world.pass(3);
  client.stop();
  await world.pass(6);
  const wrongs = [
    ...client.wrongs,
    ...[source, target, spare].flatMap(({ app }) => app.wrongs),
    ...(await client.lost()).map((one) => `lost: ${one}`),
    ...(await unserved(world)),
  ];
  const map = await world.maps.read(SHARD, 2);
  await world.close();
  return {
    wrongs,
    first: first ?? 'not over',
    seconds,
    holders: map.map(({ holder }) => holder),
    before,
    steps: {
      source: source.life.names.slice(before.source),
      target: target.life.names.slice(before.target),
    },
  };
}

describe('a target that Spot takes, too', () => {
  test.each(['source', 'target'] as const)(
    'at every step of the %s: the slots get to the next reserve in time, with all that was acknowledged',
    async (at) => {
      const calm = await play();
      expect(calm).toMatchObject({ wrongs: [], first: 'done' });
      const failed: string[] = [];
      const ends = new Set<string>();
      for (let i = 0; i < calm.steps[at].length; i += 1)
        for (const after of [false, true]) {
          const number = calm.before[at] + i + 1;
          const { wrongs, first, seconds, holders } = await play({ at, number, after });
          ends.add(first);
          const where = `${after ? 'after' : 'before'} ${i} ${calm.steps[at][i]}`;
          failed.push(...wrongs.map((wrong) => `${where}: ${wrong}`));
          if (holders.join() !== 'i-spare:8080,i-spare:8080') failed.push(`${where}: held by ${holders}`);
          if (seconds > 15) failed.push(`${where}: ${seconds} s`);
        }
      expect(failed).toEqual([]);
      // Given up before the switch, and brought to its end after it: nothing else.
      expect(ends).toEqual(new Set([TARGET_LEAVES, 'done']));
    },
    300_000,
  );

  test('without another reserve: the hand-over fails with the reason, and the source holds on', async () => {
    const calm = await play();
    const number = calm.before.source + calm.steps.source.indexOf('link.connect') + 1;
    const { wrongs, first, holders } = await play({ at: 'source', number, after: true }, false);
    expect({ wrongs, first }).toEqual({ wrongs: [], first: TARGET_LEAVES });
    expect(holders).toEqual(['i-source:8080', 'i-source:8080']);
  });
});
