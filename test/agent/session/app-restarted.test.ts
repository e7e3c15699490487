import { afterEach, describe, expect, test } from 'vitest';
import { RESTARTED } from '../../../agent/session/restarted.ts';
import { Client } from './client.ts';
import type { Fault } from './life.ts';
import { type Host, SHARD, World } from './world.ts';

let world: World;
afterEach(() => world.close());

const holders = () => world.maps.read(SHARD, world.slots);

describe('an application that restarts by itself', () => {
  async function one(isDurable = false) {
    world = new World();
    const host = await world.host('i-1');
    if (isDurable) Object.assign(host.app, { isDurable: true });
    await world.give(host, [0, 1]);
    await world.pass(12);
    const client = new Client(world);
    await world.pass(3);
    return { host, client, before: await holders() };
  }

  test('loses what was in memory: that is said, nobody holds the slots, and it is in the shard again', async () => {
    const { host, client, before } = await one();
    host.app.restart();
    const at = world.clock.now();
    await world.until(async () => (await holders()).every(({ holder }) => holder === undefined), 60);
    // A beat, at which the application is asked.
    expect(world.clock.now() - at).toBeLessThan(11);
    expect((await holders()).map(({ epoch }) => epoch)).toEqual(before.map(({ epoch }) => epoch + 1));
    expect(host.logs.filter((line) => line.includes('error application-restarted'))).toEqual([
      expect.stringContaining('"slots":[0,1],"isLost":true'),
    ]);
    expect(host.app.shard).toBe(SHARD);
    // Whoever gets them then has nothing of before, and says so by its epoch.
    const written = client.acknowledged.get(0)!.length;
    await world.give(host, [0, 1]);
    await world.pass(15);
    client.stop();
    await world.pass(6);
    expect(client.acknowledged.get(0)!.length).toBeGreaterThan(written);
    expect([...client.wrongs, ...host.app.wrongs]).toEqual([]);
    expect(await client.lost()).not.toEqual([]);
    expect((await holders()).map(({ epoch }) => epoch)).toEqual(before.map(({ epoch }) => epoch + 2));
  });

  test('with durable state serves it on, under a new epoch', async () => {
    const { host, client, before } = await one(true);
    const slots = new Map(host.app.slots);
    host.app.restart();
    for (const [slot, state] of slots) host.app.slots.set(slot, { ...state, serving: false, quiet: false });
    await world.pass(15);
    client.stop();
    await world.pass(6);
    expect(await holders()).toEqual(before.map((slot) => ({ ...slot, epoch: slot.epoch + 1 })));
    expect([...client.wrongs, ...host.app.wrongs, ...(await client.lost())]).toEqual([]);
    expect(host.logs.join('\n')).toContain('"slots":[0,1],"isLost":false');
    expect(host.app.slots.get(0)).toMatchObject({ serving: true, epoch: before[0]!.epoch + 1 });
  });

  test('while there is no agent, is noticed by the next one', async () => {
    const { host, client } = await one();
    world.kill(host);
    host.app.restart();
    await world.start(host, () => 0, 'run 1');
    await world.pass(5);
    client.stop();
    expect((await holders()).map(({ holder }) => holder)).toEqual([undefined, undefined]);
  });
});

describe('in a hand-over', () => {
  /** The application of one side restarts at a step of its agent. */
  async function play(at?: 'source' | 'target', number?: number, after = false) {
    world = new World();
    const hosts: Partial<Record<'source' | 'target', Host>> = {};
    const faultOf =
      (who: 'source' | 'target'): Fault =>
      (step) => {
        if (who === at && step.number === number && step.after === after) hosts[who]!.app.restart();
        return 0;
      };
    const source = await world.host('i-source', { fault: faultOf('source') });
    hosts.source = source;
    const target = await world.host('i-target', { active: false, fault: faultOf('target') });
    hosts.target = target;
    await world.give(source, [0, 1]);
    await world.pass(12);
    const client = new Client(world);
    await world.pass(1);
    const before = { source: source.life.number, target: target.life.number };
    void source.serving.handOver(source.slice, target.slice).catch(() => undefined);
    const isOver = async () => ['done', 'failed'].includes((await world.record(source))?.phase ?? '');
    const over = await world.until(isOver, 60);
    const record = await world.record(source);
    // What was acknowledged until the end of it: after that, the one who has it may lose it, too.
    const lostThen = record?.phase === 'done' && over ? await client.lost() : [];
    await world.pass(25);
    client.stop();
    await world.pass(6);
    const map = await holders();
    const lost = await client.lost();
    const isGiven = (key: string) => map[Number(key.split('/')[0])]?.holder === undefined;
    const wrongs = [
      ...(over ? [] : ['not over']),
      ...client.wrongs,
      ...source.app.wrongs,
      ...target.app.wrongs,
      ...lost.filter((key) => !isGiven(key)).map((key) => `lost, and nobody says so: ${key}`),
    ];
    const steps = {
      source: source.life.names.slice(before.source),
      target: target.life.names.slice(before.target),
    };
    const logs = [...source.logs, '---', ...target.logs].join('\n');
    await world.close();
    return { wrongs, record, lostThen, lost, before, steps, logs };
  }

  test('the source’s restart at any step is never handed over as if nothing had happened', async () => {
    const calm = await play();
    expect(calm).toMatchObject({ wrongs: [], lost: [], record: { phase: 'done' } });
    const failed: string[] = [];
    const errors = new Set<string>();
    for (let i = 0; i < calm.steps.source.length; i += 1)
      for (const after of [false, true]) {
        const { wrongs, record, lostThen } = await play('source', calm.before.source + i + 1, after);
        const where = `${after ? 'after' : 'before'} ${i} ${calm.steps.source[i]}`;
        failed.push(...[...wrongs, ...lostThen].map((wrong) => `${where}: ${wrong}`));
        if (record?.phase === 'failed') errors.add(record.error ?? '');
      }
    expect(failed).toEqual([]);
    expect(errors).toContain(RESTARTED);
  }, 120_000);

  test('the target’s restart before it serves loses nothing', async () => {
    const calm = await play();
    const last = calm.steps.target.indexOf('app.serve');
    const failed: string[] = [];
    for (let i = 0; i <= last; i += 1)
      for (const after of i < last ? [false, true] : [false]) {
        const { wrongs, lost } = await play('target', calm.before.target + i + 1, after);
        const where = `${after ? 'after' : 'before'} ${i} ${calm.steps.target[i]}`;
        failed.push(...[...wrongs, ...lost].map((wrong) => `${where}: ${wrong}`));
      }
    expect(failed).toEqual([]);
  }, 120_000);
});
