import { afterEach, describe, expect, test } from 'vitest';
import { Client } from './client.ts';
import { FakeApp } from './fake-app.ts';
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

const done = (host: Host) => world.until(() => isOver(host), 60);
const safe = async (client: Client) => {
  await world.pass(5);
  client.stop();
  await world.pass(6);
  expect(client.wrongs).toEqual([]);
  expect(await client.lost()).toEqual([]);
};

describe('a recommendation to leave', () => {
  test('copies at once and goes on serving; the notice needs the last changes only', async () => {
    const { source, target, client } = await two();
    world.notice(source, { rebalanceAt: world.clock.now() });
    await world.pass(20);
    expect(await world.record(source)).toMatchObject({ phase: 'copying', cause: 'rebalance', go: false });
    expect(await holders()).toEqual([source.slice, source.slice]);
    const at = world.clock.now();
    world.notice(source, { noticeAt: at, deadline: at + 20 });
    expect(await done(source)).toBe(true);
    expect(world.clock.now() - at).toBeLessThan(2);
    expect(await world.record(source)).toMatchObject({ phase: 'done', go: true, deadline: at + 20 });
    expect(await holders()).toEqual([target.slice, target.slice]);
    await safe(client);
  });
});

describe('a hand-over that the control plane opened', () => {
  const open = async (source: Host, target: Host, go: boolean) => {
    const slots = (await world.maps.read(SHARD, world.slots)).map(({ slot, epoch }) => ({ slot, epoch }));
    const at = world.clock.now();
    const wanted = {
      shard: SHARD,
      source: source.slice,
      target: target.slice,
      slots,
      cause: 'planned' as const,
    };
    const opened = await world.handOvers.open({ ...wanted, at, go });
    if (opened.outcome === 'taken') throw new Error(opened.by);
    await world.agents.order(source.slice, { handOver: opened.handOver.id });
    return opened.handOver;
  };

  test('is joined on the order, and waits for its go', async () => {
    const { source, target, client } = await two();
    const { id } = await open(source, target, false);
    await world.pass(15);
    expect(await world.record(source)).toMatchObject({ id, phase: 'copying' });
    await world.handOvers.advance(source.slice, id, { go: true });
    expect(await done(source)).toBe(true);
    expect(await world.record(source)).toMatchObject({ id, phase: 'done' });
    await safe(client);
  });

  test('and the agent’s own start on the notice are one', async () => {
    const { source, target, client } = await two();
    const { id } = await open(source, target, false);
    world.notice(source, { noticeAt: world.clock.now(), deadline: world.clock.now() + 100 });
    expect(await done(source)).toBe(true);
    expect(await world.record(source)).toMatchObject({ id, phase: 'done', go: true });
    await safe(client);
  });

  test('that it ends before the switch leaves everything as it was', async () => {
    const { source, target, client } = await two();
    const { id } = await open(source, target, false);
    await world.pass(15);
    await world.handOvers.advance(source.slice, id, { phase: 'failed', error: 'not wanted' });
    await world.pass(15);
    expect(await holders()).toEqual([source.slice, source.slice]);
    expect([...target.app.slots]).toEqual([]);
    await safe(client);
  });

  test('of slots that have moved on is refused', async () => {
    const { source, target, client } = await two();
    await world.give(source, [0]);
    const before = await open(source, target, true);
    await world.give(source, [1]);
    expect(await done(source)).toBe(true);
    expect(await world.record(source)).toMatchObject({ id: before.id, phase: 'failed' });
    expect((await world.record(source))?.error).toContain('slots: expected 1 under epoch 2');
    client.stop();
  });
});

describe('a deadline that does not allow it', () => {
  test('is said before anything is interrupted', async () => {
    const { source, client } = await two();
    world.notice(source, { noticeAt: world.clock.now(), deadline: world.clock.now() + 1.5 });
    expect(await done(source)).toBe(true);
    expect(await world.record(source)).toMatchObject({ phase: 'failed', error: 'deadline' });
    expect(source.app.calls.some((call) => call.startsWith('quiesce'))).toBe(false);
    expect(await holders()).toEqual([source.slice, source.slice]);
    await safe(client);
  });
});

describe('the lease', () => {
  test('of an agent that the table does not reach ends; who takes its slots then is alone with them', async () => {
    const { source, client } = await two();
    const other = await world.host('i-other');
    await world.pass(1);
    source.life.isolated = true;
    await world.pass(45);
    await world.give(other, [0]);
    await world.pass(20);
    source.life.isolated = false;
    await world.pass(30);
    client.stop();
    expect(client.wrongs).toEqual([]);
    expect(await holders()).toEqual([other.slice, source.slice]);
    expect(source.app.slots.has(0)).toBe(false);
    expect(source.app.slots.get(1)?.serving).toBe(true);
  });
});

describe('fences', () => {
  test('an answer that is late is not passed on once the last changes are read', async () => {
    const { source, client } = await two(1);
    const admission = source.serving.runtime(source.slice)!.table.admit(0);
    if (admission.to !== 'app') throw new Error(admission.to);
    let last: readonly string[] = [];
    admission.ticket.onFenced(() => {
      last = source.life.names.filter((name) => name.startsWith('app.'));
    });
    world.notice(source, { noticeAt: world.clock.now(), deadline: world.clock.now() + 100 });
    expect(await done(source)).toBe(true);
    expect(last.at(-1)).toBe('app.quiesce');
    expect(source.life.names.filter((name) => name.startsWith('app.')).length).toBeGreaterThan(last.length);
    await safe(client);
  });

  test('after a gap in its lease the holder has a new epoch, so that who saw the gap takes nothing', async () => {
    const { source, client } = await two(1);
    const [seen] = await world.maps.read(SHARD, 1);
    source.life.isolated = true;
    await world.pass(50);
    source.life.isolated = false;
    await world.pass(20);
    expect((await world.maps.pass(SHARD, seen!, 'i-other:8080')).ok).toBe(false);
    expect(source.serving.runtime(source.slice)!.table.look(0)).toMatchObject({
      state: 'serving',
      lapsed: false,
    });
    await safe(client);
  });
});

describe('a person', () => {
  test('may ask for it, and is told what came of it', async () => {
    const { source, target, client } = await two();
    const said = source.serving.handOver(source.slice, target.slice);
    await done(source);
    await world.pass(1);
    expect(await said).toMatch(/: done, 0\.\d\d s of pause$/);
    await safe(client);
    await expect(target.serving.handOver('i-9:8080', source.slice)).rejects.toThrow(
      'expected one that serves',
    );
  });
});

describe('two slices of one instance', () => {
  test('hand over to each other', async () => {
    const { source, client } = await two();
    client.stop();
    const app = new FakeApp('second');
    const slice = 'i-source:8081';
    await source.serving.open({ slice, port: 0, appPort: 2, shard: world.shard, app });
    await world.pass(12);
    const said = source.serving.handOver(source.slice, slice);
    await done(source);
    await world.pass(1);
    expect(await said).toMatch(/: done/);
    expect(await holders()).toEqual([slice, slice]);
    expect(app.slots.get(0)?.entries.size).toBeGreaterThan(0);
    expect([...source.app.slots]).toEqual([]);
    expect([...source.app.wrongs, ...app.wrongs]).toEqual([]);
  });
});

describe('strangers', () => {
  test.each(['', 'x', 'i-source:8080>i-target:8080@1', 'a>b@1', `${'x'.repeat(400)}>i-target:8080@1`])(
    'knock %# is nobody’s',
    async (id) => {
      const { target, client } = await two();
      const found = target.serving.incoming.lookup(id);
      await world.pass(1);
      expect(await found).toBeUndefined();
      client.stop();
    },
  );
});
